"""How a network is fitted: frozen settings and the named presets."""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError

Loss = Literal["l2", "l1", "l1-ssim", "l1-ms-ssim"]
Optimizer = Literal["muon", "adam", "adan"]
EmbeddingSource = Literal["free", "encoder"]
DifferenceSource = Literal["frames", "flow"]
Schedule = Literal["held", "cosine"]

PRESET_EPOCHS = {"draft": 10, "fast": 30, "medium": 100, "slow": 300, "placebo": 1000}
"""Passes over the clip (ours); 300 is the papers' number (DNeRV Table 10, HNeRV section 4)."""
LEAST_STEPS = 600
"""Even a clip of a few frames gets this many steps from a preset (ours)."""

LEARNING_RATES: dict[Optimizer, float] = {"muon": 2e-2, "adam": 5e-3, "adan": 1e-2}
"""Ours, from docs/experiments.md. Papers: Adam 5e-4 (DNeRV code), 1e-3 (HNeRV), Adan 3e-3 (DNeRV Table 10)."""

LEAST_BITS, MOST_BITS = 2, 12
MOST_RATE = 1e6


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of one fit."""

    steps: int
    """Optimizer steps, one batch each."""
    batch: int = 1
    """Frames in a step."""
    optimizer: Optimizer = "muon"
    learning_rate: float | None = None
    """Peak rate; None means the optimizer's own default."""
    side_rate: float = 1e-2
    """Peak rate of what Muon leaves to Adam: embeddings, biases, stem and head."""
    warmup: float = 0.03
    """Share of the steps spent on linear warm-up from a tenth of the peak (ours, docs/experiments.md; DNeRV: 0.1)."""
    schedule: Schedule = "held"
    """Of the rates after it: at the peak to half of the steps, then a line to zero (ours, docs/experiments.md), or a
    cosine to zero (DNeRV code)."""
    clip_norm: float = 1.0
    """Gradients are scaled to at most this Euclidean norm."""
    loss: Loss = "l2"
    embeddings: EmbeddingSource = "free"
    difference_source: DifferenceSource = "frames"
    """What DNeRV's encoder makes the difference embedding of: differences of frames, or optical flow."""
    branches: bool = False
    """Whether the convolutions of stages are re-parameterised."""
    latent_noise: float = 0.0
    """Deviation of noise in place of channels that SDMN does not send; falls to zero from a quarter to three
    quarters of the steps (ours)."""
    latent_weight: float = 1e-4
    """What half the mean square of those channels, as an encoder makes them, weighs against the distortion (ours)."""
    prune: float = 0.0
    """Share of the convolution weights set to zero for good."""
    prune_at: float = 0.7
    """Share of the steps after which pruning happens; the rest fine-tunes (ours)."""
    rate: float | None = 0.04
    """What a bit for each pixel weighs against a distortion of 1, while values are quantized in the loop; None fits
    without regard to rate and quantizes afterwards."""
    target_bits: float | None = None
    """Size of all tensors at which the weight of the rate is to arrive, beginning at `rate`."""
    quantize_at: float = 0.1
    """Share of the steps after which values are quantized and their rate counts (ours)."""
    rate_ramp: float = 0.1
    """Share of the steps over which the rate's weight then rises from zero (ours)."""
    rate_every: int = 8
    """The rate is evaluated in one of so many steps, and weighs as much more there (NVRC: 9)."""
    step_rate: float = 0.03
    """Peak rate of the quantization steps, in octaves (ours)."""
    bits: int = 8
    """Of each value, sign included, where quantization comes after the fit."""
    seed: int = 0
    reduced_precision: bool = True
    """bfloat16 autocast, where the device has arithmetic for it."""

    def __post_init__(self) -> None:
        for name, low, high in (
            ("steps", 1, 10**9),
            ("batch", 1, 4096),
            ("seed", 0, 2**63 - 1),
            ("bits", LEAST_BITS, MOST_BITS),
        ):
            if not low <= getattr(self, name) <= high:
                raise RequestError(f"{name} must lie between {low} and {high}, not {getattr(self, name)}")
        if not 0 <= self.prune < 1:
            raise RequestError(f"the share to prune must lie in [0, 1), not {self.prune}")
        if self.rate is not None and not 0 <= self.rate < MOST_RATE:
            raise RequestError(f"the weight of the rate must lie in [0, {MOST_RATE:g}), not {self.rate}")
        if self.learning_rate is not None and not self.learning_rate > 0:
            raise RequestError(f"a learning rate must be positive, not {self.learning_rate}")

    @property
    def peak_rate(self) -> float:
        """The learning rate at the end of warm-up."""
        return LEARNING_RATES[self.optimizer] if self.learning_rate is None else self.learning_rate


def preset_steps(preset: str, frames: int, batch: int) -> int:
    """Steps of a named preset for a clip of so many frames, `batch` of them in a step."""
    return max(steps_of_epochs(PRESET_EPOCHS[preset], frames, batch), LEAST_STEPS)


def steps_of_epochs(epochs: float, frames: int, batch: int) -> int:
    """Steps in so many passes over a clip."""
    return max(1, round(epochs * frames / batch))
