"""What options of the codec can be, as types; loads neither torch nor a video library."""

from typing import Literal

DeviceName = Literal["auto", "cpu", "cuda"]
PrecisionName = Literal["auto", "float32", "bfloat16"]
DomainName = Literal["auto", "yuv420", "rgb"]
RecipeName = Literal["rate", "paper"]
Coupling = Literal["affine", "additive"]
Latent = Literal["zero", "seeded"]
Block = Literal["plain", "rep"]
Audio = Literal["copy", "none"]
"""Whether what goes along with the pictures is copied: sound, subtitles, chapters, titles."""
Between = Literal["motion", "embedding"]
"""What makes a frame between two: the motion from one to the other, or the network, of embeddings between theirs."""
