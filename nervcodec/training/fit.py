"""Overfit a network to a clip."""

from collections.abc import Iterator
from importlib.util import find_spec
from math import ceil, cos, pi
from time import monotonic

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from nervcodec.errors import FitError
from nervcodec.events import FitRestarted, Observer, StepDone, ignore
from nervcodec.models.config import HNeRVConfig
from nervcodec.models.networks import DecoderState, build_decoder, build_encoder
from nervcodec.training.losses import LOSSES
from nervcodec.training.optimizers import build_optimizers
from nervcodec.training.pruning import apply_masks, magnitude_masks
from nervcodec.training.recipe import Recipe
from nervcodec.training.watchdog import Watchdog, constant_picture_psnr, psnr_from_mse

ATTEMPTS = 3
"""Seeds that are tried before a collapsed fit is taken as it is."""
SHORTEST_PASS = 50
"""Steps over which PSNR is averaged when the clip has fewer frames."""
REPORT_SECONDS = 0.1
"""Reading the loss stops a GPU, so it is read no more often than this."""
COMPILE_STEPS = 2000
"""On CUDA a fit of this many steps is worth the compiler's half minute or more (ours)."""
EMPTY = -1.0
"""Stands where no error has been measured yet."""
START_SCALE = 0.01
"""Standard deviation of free embeddings before the first step (ours)."""


class _Collapsed(Exception):
    """A reason to start again with another seed."""


def fit(
    clip: Tensor, config: HNeRVConfig, recipe: Recipe, device: torch.device, observe: Observer = ignore
) -> DecoderState:
    """Fit a decoder and embeddings to a clip.

    clip: `[T, 3, H, W]`, uint8, of the picture's own size; padding to the network's grid happens here.

    Raises FitError when no seed leads to finite numbers.
    """
    clip = clip.to(device).contiguous(memory_format=torch.channels_last)
    constant_db = constant_picture_psnr(clip)
    reason = ""
    for attempt in range(ATTEMPTS):
        seed = recipe.seed + attempt
        if attempt:
            observe(FitRestarted(attempt=attempt + 1, seed=seed, reason=reason))
        watchdog = Watchdog(constant_db, recipe.steps)
        if attempt == ATTEMPTS - 1:
            watchdog.rest()
        run = _Fit(clip, config, recipe, seed)
        try:
            run.train(watchdog, observe)
        except _Collapsed as collapse:
            reason = str(collapse)
            continue
        return run.result()
    raise FitError(f"the fit failed with {ATTEMPTS} seeds: {reason}; a lower learning rate may help")


class _Fit:
    """One attempt: networks, optimizers and the order of the frames, all from one seed."""

    def __init__(self, clip: Tensor, config: HNeRVConfig, recipe: Recipe, seed: int) -> None:
        self.clip, self.config, self.recipe = clip, config, recipe
        self.frames = len(clip)
        self.autocast = recipe.reduced_precision and _has_bfloat16(clip.device)
        self.order = torch.Generator().manual_seed(seed)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.decoder = self._place(build_decoder(config))
            self.encoder = self._place(build_encoder(config)) if recipe.embeddings == "encoder" else None
            shapes = {} if self.encoder else config.embeddings
            self.free = {
                name: (START_SCALE * torch.randn(self.frames, *shape)).to(clip.device).requires_grad_()
                for name, shape in shapes.items()
            }
        modules = [m for m in (self.decoder, self.encoder) if m is not None]
        precision = torch.bfloat16 if self.autocast else torch.float32
        self.optimizers = build_optimizers(modules, self.free.values(), recipe, precision)
        self.trained = [p for o in self.optimizers for group in o.param_groups for p in group["params"]]
        self.peaks = [group["lr"] for o in self.optimizers for group in o.param_groups]
        self.masks: list[tuple[Tensor, Tensor]] = []
        compiled = clip.device.type == "cuda" and recipe.steps >= COMPILE_STEPS and find_spec("triton") is not None
        self.render = torch.compile(self.decoder) if compiled else self.decoder

    def train(self, watchdog: Watchdog, observe: Observer) -> None:
        """All steps of the recipe.

        Raises _Collapsed when the watchdog has a reason to.
        """
        recipe = self.recipe
        pass_steps = max(ceil(self.frames / recipe.batch), SHORTEST_PASS)
        recent = torch.full((pass_steps,), EMPTY, device=self.clip.device)
        last_report = float("-inf")
        for step, times in zip(range(1, recipe.steps + 1), self._batches(), strict=False):
            if recipe.prune and step == max(1, int(recipe.prune_at * recipe.steps)):
                self._prune()
                watchdog.rest()
                recent.fill_(EMPTY)
            self._set_rates(step)
            recent[(step - 1) % pass_steps] = self._step(times)
            if step % pass_steps == 0 or step == recipe.steps:
                reason = watchdog(step, _mean_psnr(recent))
                if reason:
                    raise _Collapsed(reason)
            if monotonic() - last_report > REPORT_SECONDS or step == recipe.steps:
                last_report = monotonic()
                observe(StepDone(step=step, steps=recipe.steps, psnr_db=_mean_psnr(recent)))

    def _prune(self) -> None:
        weights = [p for p in self.decoder.parameters() if p.ndim > 1]
        self.masks = magnitude_masks(weights, self.recipe.prune)
        apply_masks(self.masks)

    def result(self) -> DecoderState:
        """Weights and embeddings as they stand."""
        return DecoderState(
            weights={name: _settled(p) for name, p in self.decoder.named_parameters()},
            embeddings={name: _settled(e) for name, e in self._all_embeddings().items()},
        )

    def _step(self, times: Tensor) -> Tensor:
        """One optimizer step on the frames at `times`; their mean squared error before it."""
        target = self.clip[times].float() / 255
        with torch.autocast(self.clip.device.type, torch.bfloat16, enabled=self.autocast):
            embeddings, rows = self.free, times
            if self.encoder:
                embeddings, rows = self.embed(times), torch.arange(len(times), device=times.device)
            frames = self.render(embeddings, rows)
        frames = frames[:, :, : target.shape[2], : target.shape[3]].float()
        loss = LOSSES[self.recipe.loss](frames, target)
        for optimizer in self.optimizers:
            optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.trained, self.recipe.clip_norm)
        for optimizer in self.optimizers:
            optimizer.step()
        apply_masks(self.masks)
        return loss.detach() if self.recipe.loss == "l2" else F.mse_loss(frames.detach(), target)

    def embed(self, times: Tensor) -> dict[str, Tensor]:
        """What the encoder makes of the frames at `times`; the first and last frame are their own neighbours."""
        assert self.encoder is not None
        previous, following = (times - 1).clamp(min=0), (times + 1).clamp(max=self.frames - 1)
        made: dict[str, Tensor] = self.encoder(*(self._padded(rows) for rows in (previous, times, following)))
        return made

    def _all_embeddings(self) -> dict[str, Tensor]:
        if not self.encoder:
            return self.free
        with torch.no_grad():
            rows = [self.embed(t) for t in torch.arange(self.frames, device=self.clip.device)[:, None]]
        return {name: torch.cat([row[name] for row in rows]) for name in self.config.embeddings}

    def _padded(self, times: Tensor) -> Tensor:
        frames = self.clip[times].float() / 255
        height, width = self.config.padded_size
        return F.pad(frames, (0, width - frames.shape[3], 0, height - frames.shape[2]), mode="replicate")

    def _batches(self) -> Iterator[Tensor]:
        while True:
            order = torch.randperm(self.frames, generator=self.order).to(self.clip.device)
            yield from torch.split(order, self.recipe.batch)

    def _set_rates(self, step: int) -> None:
        factor = learning_rate_factor(step, self.recipe)
        groups = (group for o in self.optimizers for group in o.param_groups)
        for group, peak in zip(groups, self.peaks, strict=True):
            group["lr"] = factor * peak

    def _place(self, module: nn.Module) -> nn.Module:
        return module.to(self.clip.device, memory_format=torch.channels_last)  # type: ignore[call-overload, no-any-return]


def _mean_psnr(errors: Tensor) -> float:
    return psnr_from_mse(float(errors[~(errors < 0)].mean()))


def learning_rate_factor(step: int, recipe: Recipe) -> float:
    """Share of the peak rate at a step: linear from 0.1 to 1 in the warm-up, then a cosine to 0 (DNeRV code)."""
    warm = recipe.warmup * recipe.steps
    if step <= warm:
        return 0.1 + 0.9 * step / warm
    return 0.5 * (1 + cos(pi * (step - warm) / (recipe.steps - warm)))


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    capabilities: dict[str, bool] = getattr(torch.cpu, "get_capabilities", dict)()  # absent before torch 2.10 or so
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


def _settled(tensor: Tensor) -> Tensor:
    return tensor.detach().float().cpu().contiguous()
