"""Recipes: frozen settings of a fit, and the named presets."""

from dataclasses import dataclass
from typing import Literal

from nervcodec.errors import RequestError

Loss = Literal["l2", "l1", "l1-ssim", "l1-ms-ssim"]
Optimizer = Literal["muon", "adam", "adan"]
EmbeddingSource = Literal["free", "encoder"]
DifferenceSource = Literal["frames", "flow"]
Schedule = Literal["held", "cosine"]

PRESET_EPOCHS = {"draft": 10, "fast": 30, "medium": 100, "slow": 300, "placebo": 1000}
"""Passes over the clip in each preset (ours); 300 is the papers' number (DNeRV Table 10, HNeRV section 4)."""
LEAST_STEPS = 600
"""Fewest steps that a preset gives, even for a clip of a few frames (ours)."""

LEARNING_RATES: dict[Optimizer, float] = {"muon": 2e-2, "adam": 5e-3, "adan": 1e-2}
"""Default peak rates (ours, docs/experiments.md).

Papers: Adam 5e-4 (DNeRV code), 1e-3 (HNeRV), Adan 3e-3 (DNeRV Table 10).
"""

LEAST_BITS, MOST_BITS = 2, 12
MOST_RATE = 1e6


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """Settings of one fit."""

    steps: int
    """Number of optimizer steps, each on one batch."""
    batch: int = 1
    """Number of frames in a step."""
    optimizer: Optimizer = "muon"
    learning_rate: float | None = None
    """Peak learning rate; None means the default of the optimizer."""
    side_rate: float = 1e-2
    """Peak rate of the parameters that Muon leaves to Adam, such as embeddings, biases and the head."""
    warmup: float = 0.03
    """Share of the steps spent on linear warm-up from a tenth of the peak (ours, docs/experiments.md; DNeRV: 0.1)."""
    schedule: Schedule = "held"
    """Schedule of the rates after warm-up: `held` stays at the peak for half of the steps, then falls linearly to zero
    (ours, docs/experiments.md); `cosine` falls to zero as a cosine (DNeRV code)."""
    clip_norm: float = 1.0
    """Largest Euclidean norm that gradients are scaled to."""
    loss: Loss = "l2"
    embeddings: EmbeddingSource = "free"
    difference_source: DifferenceSource = "frames"
    """Input of the difference embedding in DNeRV's encoder: differences of frames, or optical flow."""
    branches: bool = False
    """Whether the convolutions of stages are re-parameterised."""
    latent_noise: float = 0.0
    """Standard deviation of noise in place of channels that SDMN does not send; falls to zero from a quarter to three
    quarters of the steps (ours)."""
    latent_weight: float = 1e-4
    """Weight against the distortion of half the mean square of encoded channels that SDMN does not send (ours)."""
    prune: float = 0.0
    """Share of the convolution weights that are set to zero permanently."""
    prune_at: float = 0.7
    """Share of the steps after which pruning happens; the rest fine-tunes (ours)."""
    rate: float | None = 0.04
    """Weight of a bit per pixel against a distortion of 1, while values are quantized in the loop; None fits without
    regard to rate and quantizes afterwards."""
    target_bits: float | None = None
    """Bits of all tensors that the fit should reach by changing the weight of the rate, beginning at `rate`."""
    quantize_at: float = 0.1
    """Share of the steps after which values are quantized and their rate counts (ours)."""
    rate_ramp: float = 0.1
    """Share of the steps, once values are quantized, over which the weight of the rate rises from zero (ours)."""
    rate_every: int = 8
    """Steps from one evaluation of the rate to the next, and the factor of its weight there (NVRC: 9)."""
    step_rate: float = 0.03
    """Peak rate of the quantization steps, in octaves (ours)."""
    bits: int = 8
    """Bits of each value, including the sign, if values are quantized after the fit."""
    seed: int = 0
    reduced_precision: bool = True
    """Whether bfloat16 autocast is used where the device has arithmetic for it."""
    captured: bool = True
    """Whether steps are taken by CUDA graphs on CUDA (`nervcodec.training.capturing`)."""
    compiled: bool | None = None
    """Whether the decoder is compiled by torch.compile; None for a long fit on CUDA."""

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
    """Number of steps of a named preset for a clip of `frames` frames, with `batch` frames in a step."""
    return max(steps_of_epochs(PRESET_EPOCHS[preset], frames, batch), LEAST_STEPS)


def steps_of_epochs(epochs: float, frames: int, batch: int) -> int:
    """Number of steps in `epochs` passes over a clip."""
    return max(1, round(epochs * frames / batch))
