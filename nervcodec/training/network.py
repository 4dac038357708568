"""What a fit moves: a decoder with its embeddings, or with the encoder that makes them; as floats, later quantized."""

from collections.abc import Mapping
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from nervcodec.models.config import HNeRVConfig
from nervcodec.models.networks import build_decoder, build_encoder
from nervcodec.training.quantizing import Quantizer, quantized
from nervcodec.training.recipe import Recipe

COMPILE_STEPS = 2000
"""On CUDA a fit of this many steps is worth the compiler's half minute or more (ours)."""
START_SCALE = 0.01
"""Standard deviation of free embeddings before the first step (ours)."""


class Network:
    """The network for one clip `[T, 3, H, W]`, uint8, on the clip's device; drawn from torch's global seed."""

    def __init__(self, clip: Tensor, config: HNeRVConfig, recipe: Recipe) -> None:
        self.clip, self.config = clip, config
        self.autocast = recipe.reduced_precision and has_bfloat16(clip.device)
        self.decoder = self._place(build_decoder(config))
        self.encoder = self._place(build_encoder(config)) if recipe.embeddings == "encoder" else None
        shapes = {} if self.encoder else config.embeddings
        self.embeddings = {
            name: (START_SCALE * torch.randn(len(clip), *shape)).to(clip.device).requires_grad_()
            for name, shape in shapes.items()
        }
        self.quantizer: Quantizer | None = None
        compiled = clip.device.type == "cuda" and recipe.steps >= COMPILE_STEPS and find_spec("triton") is not None
        self._decode = torch.compile(self._call) if compiled else self._call

    @property
    def modules(self) -> list[nn.Module]:
        """The networks that have parameters to fit."""
        return [module for module in (self.decoder, self.encoder) if module is not None]

    def tensors(self) -> dict[str, Tensor]:
        """All that a file holds, by name; encoders must have settled."""
        return {**self.embeddings, **dict(self.decoder.named_parameters())}

    def render(self, times: Tensor) -> Tensor:
        """Frames `[B, 3, H, W]` in [0, 1], float32, at integer `times` `[B]`."""
        rows = torch.arange(len(times), device=times.device)
        with torch.autocast(self.clip.device.type, torch.bfloat16, enabled=self.autocast):
            weights: dict[str, Tensor] = {}
            embeddings = self.encode(times) if self.encoder else {n: e[times] for n, e in self.embeddings.items()}
            if self.quantizer:
                steps = self.quantizer.steps()
                weights = {name: quantized(p, steps[name]) for name, p in self.decoder.named_parameters()}
                embeddings = {name: quantized(e, steps[name]) for name, e in embeddings.items()}
            frames = self._decode(weights, embeddings, rows)
        return frames[:, :, : self.clip.shape[2], : self.clip.shape[3]].float()

    def target(self, times: Tensor) -> Tensor:
        """What `render` should make."""
        return self.clip[times].float() / 255

    def encode(self, times: Tensor) -> dict[str, Tensor]:
        """What the encoder makes of the frames at `times`; the first and last frame are their own neighbours."""
        assert self.encoder is not None
        previous, following = (times - 1).clamp(min=0), (times + 1).clamp(max=len(self.clip) - 1)
        made: dict[str, Tensor] = self.encoder(*(self._padded(rows) for rows in (previous, times, following)))
        return made

    def settle(self) -> None:
        """From now on what the encoder makes is free, and the encoder is gone."""
        if self.encoder is None:
            return
        with torch.no_grad():
            rows = [self.encode(t) for t in torch.arange(len(self.clip), device=self.clip.device)[:, None]]
        self.embeddings = {
            name: torch.cat([row[name] for row in rows]).float().contiguous().requires_grad_()
            for name in self.config.embeddings
        }
        self.encoder = None

    def quantize(self, steps: Mapping[str, float]) -> Quantizer:
        """From now on frames come from quantized tensors, with these steps to begin with."""
        self.quantizer = Quantizer(self.tensors(), steps)
        return self.quantizer

    def _call(self, weights: dict[str, Tensor], embeddings: dict[str, Tensor], rows: Tensor) -> Tensor:
        frames: Tensor = functional_call(self.decoder, weights, (embeddings, rows))
        return frames

    def _padded(self, times: Tensor) -> Tensor:
        frames = self.target(times)
        height, width = self.config.padded_size
        return F.pad(frames, (0, width - frames.shape[3], 0, height - frames.shape[2]), mode="replicate")

    def _place(self, module: nn.Module) -> nn.Module:
        return module.to(self.clip.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def has_bfloat16(device: torch.device) -> bool:
    """Whether a device has arithmetic for bfloat16."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # absent before torch 2.10 or so
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))
