"""The network that a fit trains: a decoder with embeddings or an encoder, in floats that are quantized later."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from importlib.util import find_spec

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional as F

from nervcodec.models.config import PyramidConfig
from nervcodec.models.grids import between, rows_around, windows
from nervcodec.models.networks import build_decoder, build_encoder, given_embeddings
from nervcodec.precision import has_bfloat16
from nervcodec.quantization import QuantizedTensor, dequantize
from nervcodec.samples import to_unit
from nervcodec.training.flow import flow_fields
from nervcodec.training.folding import Folding
from nervcodec.training.losses import seen_shares, squared_errors, with_masks
from nervcodec.training.principal import principal_components
from nervcodec.training.quantizing import Quantizer, quantized_together
from nervcodec.training.recipe import Recipe

COMPILE_STEPS = 2000
"""Fewest steps of a fit on CUDA that are worth the compiler's half minute or more (ours)."""
WARM_SHARE = 0.5
"""Share of the weights of the segment before in the weights that a fit starts from; the rest is drawn.

Without drawn weights a fit learns worse (Ash and Adams, NeurIPS 2020; the share is ours, docs/experiments.md).
"""
START_SCALE, START_NOISE = 0.5, 0.01
"""Standard deviation of principal components in free embeddings before the first step, and of the noise added to them
(ours)."""


@dataclass(frozen=True)
class FitInputs:
    """Inputs of a fit in addition to a clip `[T, C, H, W]`."""

    below: Tensor | None = None
    """Decoded frames of the layers below, in the shape of the clip; for an enhancement network only."""
    masks: Tensor | None = None
    """Bool, in the shape of the clip or with one channel: samples that are missing, and filled in the clip."""
    before: Mapping[str, QuantizedTensor] = field(default_factory=dict)
    """Fitted tensors of a network of the same config for the frames right before, from which the fit starts."""

    def to(self, device: torch.device) -> "FitInputs":
        """A copy whose tensors are on a device."""
        below, masks = (None if tensor is None else tensor.to(device) for tensor in (self.below, self.masks))
        return replace(self, below=below, masks=masks)


CLIP_ALONE = FitInputs()


class Network:
    """The network for one clip, samples `[T, C, H, W]`, on the clip's device; starts drawn from torch's global seed."""

    def __init__(
        self,
        clip: Tensor,
        config: PyramidConfig,
        recipe: Recipe,
        noise: torch.Generator,
        inputs: FitInputs = CLIP_ALONE,
    ) -> None:
        self.clip, self.config, self.noise = clip, config, noise
        self.below, self.masks = inputs.below, inputs.masks
        self.shares = seen_shares(clip, self.masks)
        self.autocast = recipe.reduced_precision and has_bfloat16(clip.device)
        self.decoder = self._place(build_decoder(config))
        encodes = recipe.embeddings == "encoder"
        self.flow = flow_fields(clip) if encodes and recipe.difference_source == "flow" else None
        encoder = build_encoder(config, self.decoder, flow=self.flow is not None) if encodes else None
        self.encoder = None if encoder is None else self._place(encoder)
        self.folding = self._place(Folding(self.decoder)) if recipe.branches else None
        self.embeddings = {name: self._start(name) for name in ({} if self.encoder else config.embeddings)}
        self.references = {n: t for n, t in inputs.before.items() if n not in config.embeddings and len(t.steps) == 1}
        """Weights of the segment before, by name, to which weights may be coded as differences."""
        self._begin(inputs.before)
        self.given = {name: e.to(clip.device) for name, e in given_embeddings(config, len(clip)).items()}
        self.latent_deviation = 0.0
        """Standard deviation of noise in place of channels that are not sent."""
        self.latent_cost = torch.zeros((), device=clip.device)
        """Distance of channels that are not sent from a normal distribution, as last encoded: mean z^2 / 2."""
        self.quantizer: Quantizer | None = None
        is_long = clip.device.type == "cuda" and recipe.steps >= COMPILE_STEPS and find_spec("triton") is not None
        compiled = is_long if recipe.compiled is None else recipe.compiled
        self._decode = torch.compile(self._call) if compiled else self._call

    @property
    def modules(self) -> list[nn.Module]:
        """The networks that have parameters to fit."""
        return [module for module in (self.decoder, self.folding, self.encoder) if module is not None]

    def tensors(self) -> dict[str, Tensor]:
        """All tensors that a file holds, by name; `settle` must have replaced an encoder before."""
        return {**self.embeddings, **self._weights()}

    def render(self, times: Tensor, tensors: Mapping[str, Tensor] | None = None) -> Tensor:
        """Frames `[B, C, H, W]` in [0, 1], float32, at integer `times` `[B]`, from `tensors` or the network's own."""
        current = dict(self.tensors() if tensors is None else tensors)
        seen, spans = windows(times, self.config.window, len(self.clip)), self.config.span_of
        current |= {name: current[name][rows_around(seen, spans[name])] for name in self.embeddings}
        if self.quantizer:
            current = quantized_together(current, self.quantizer.steps())
        with torch.autocast(self.clip.device.type, torch.bfloat16, enabled=self.autocast):
            free = {name: between(current.pop(name), seen, spans[name]) for name in self.embeddings}
            embeddings = self._encoded(seen) if self.encoder else free
            frames = self._decode(current, {**embeddings, **self._latents(seen)}, times)
        return frames[:, :, : self.clip.shape[2], : self.clip.shape[3]].float()

    def target(self, times: Tensor) -> Tensor:
        """The original frames `[B, C, H, W]` in [0, 1] at `times`."""
        return to_unit(self.clip[times])

    def seen(self, frames: Tensor, times: Tensor) -> Tensor:
        """Rendered frames, with reduced errors where samples of the clip are missing (see `with_masks`)."""
        return frames if self.masks is None else with_masks(frames, self.target(times), self.masks[times])

    def errors(self, frames: Tensor, times: Tensor) -> Tensor:
        """Mean squared errors `[B]` of frames from `seen`, over the samples that are not missing."""
        return squared_errors(frames, self.target(times)) / self.shares[times]

    def encode(self, times: Tensor) -> dict[str, Tensor]:
        """Output of the encoder for frames at `times`, by name; the first and last frame are their own neighbours."""
        assert self.encoder is not None
        previous, following = (times - 1).clamp(min=0), (times + 1).clamp(max=len(self.clip) - 1)
        seen = [self.target(rows) for rows in (previous, times, following)]
        if self.flow is not None:
            seen.append(self.flow[times].float())
        made: dict[str, Tensor] = self.encoder(*map(self._padded, seen))
        return made

    def settle(self) -> None:
        """Replace the encoder by the embeddings that it makes, which are free from now on."""
        if self.encoder is None:
            return
        with torch.no_grad():
            rows = [self.encode(t) for t in torch.arange(len(self.clip), device=self.clip.device)[:, None]]
        self.embeddings = {
            name: torch.cat([row[name] for row in rows]).float().contiguous().requires_grad_()
            for name in self.config.embeddings
        }
        self.encoder = self.flow = None
        self.latent_cost = self.latent_cost.new_zeros(())

    def fold(self) -> None:
        """Fold the branches into the decoder's weights and remove them."""
        with torch.no_grad():
            for parameter, folded in zip(self.decoder.parameters(), self._weights().values(), strict=True):
                parameter.copy_(folded)
        self.folding = None

    def quantize(self, steps: Mapping[str, float]) -> Quantizer:
        """Make frames from quantized tensors from now on, beginning with the given steps."""
        self.quantizer = Quantizer(steps, self.clip.device)
        return self.quantizer

    @torch.no_grad()
    def _start(self, name: str) -> Tensor:
        """An embedding before the first step: principal components of the frames with noise, or for a grid, whose rows
        stand between frames, noise alone.

        Components begin alike where a frame has no other embedding. A fine embedding would pay for those that it does
        not need (docs/experiments.md).
        """
        start = (START_NOISE * torch.randn(self.config.embedding_shape(name, len(self.clip)))).to(self.clip.device)
        if self.config.span_of[name] == 1:
            alone = list(self.config.span_of.values()).count(1) == 1
            start += START_SCALE * principal_components(self._shown, self.config.embeddings[name], alike=alone)
        return start.requires_grad_()

    def _shown(self) -> Iterator[Tensor]:
        """All frames `[1, C, H, W]` one by one, padded; for an enhancement network, minus the decoded layers below."""
        for times in torch.arange(len(self.clip), device=self.clip.device)[:, None]:
            below = 0 if self.below is None else to_unit(self.below[times])
            yield self._padded(self.target(times) - below)

    @torch.no_grad()
    def _begin(self, before: Mapping[str, QuantizedTensor]) -> None:
        """Move weights towards those of the segment before; embeddings are better drawn anew (docs/experiments.md)."""
        for name, parameter in self.decoder.named_parameters() if before else ():
            parameter.lerp_(dequantize(before[name]).to(parameter.device), WARM_SHARE)

    def _weights(self) -> dict[str, Tensor]:
        """The decoder's parameters by name, as a file would hold them."""
        weights: dict[str, Tensor] = dict(self.decoder.named_parameters())
        return self.folding(weights) if self.folding else weights

    def _encoded(self, times: Tensor) -> dict[str, Tensor]:
        """Embeddings from `encode` that a file holds; notes the cost of channels that are not sent."""
        made = self.encode(times)
        unsent = [made.pop(name).square().mean() / 2 for name in self.config.unsent]
        self.latent_cost = torch.stack(unsent).mean() if unsent else self.latent_cost
        return made

    def _latents(self, times: Tensor) -> dict[str, Tensor]:
        """Values that the decoder takes for channels that are not sent, by name."""
        latents = {name: embedding[times] for name, embedding in self.given.items()}
        if self.latent_deviation:
            for name, shape in self.config.unsent.items():
                drawn = torch.randn(len(times), *shape, generator=self.noise, device=times.device)
                latents[name] = latents.get(name, 0) + self.latent_deviation * drawn
        return latents

    def _call(self, weights: dict[str, Tensor], embeddings: dict[str, Tensor], times: Tensor) -> Tensor:
        window = self.config.window  # embeddings have one window for each time
        rows = window + (1 + 2 * window) * torch.arange(len(times), device=times.device)
        below = () if self.below is None else (to_unit(self.below[times]),)
        frames: Tensor = functional_call(self.decoder, weights, (embeddings, rows, *below), tie_weights=False)
        return frames

    def _padded(self, frames: Tensor) -> Tensor:
        height, width = self.config.padded_size
        return F.pad(frames, (0, width - frames.shape[3], 0, height - frames.shape[2]), mode="replicate")

    def _place(self, module: nn.Module) -> nn.Module:
        return module.to(self.clip.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]
