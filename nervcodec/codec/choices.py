"""Types of the values that options of the codec can have; loads neither torch nor a video library."""

from typing import Literal

DeviceName = Literal["auto", "cpu", "cuda"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
DomainName = Literal["auto", "yuv420", "rgb"]
RecipeName = Literal["rate", "paper"]
Coupling = Literal["affine", "additive"]
Latent = Literal["zero", "seeded"]
Block = Literal["plain", "rep"]
Copying = Literal["copy", "none"]
"""Whether something that accompanies the pictures goes along as it is."""
Between = Literal["motion", "embedding"]
"""Source of a frame between two: the motion from one to the other, or the network with interpolated embeddings."""
