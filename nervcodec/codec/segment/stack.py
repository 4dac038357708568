"""Layer upon layer: each fitted to what the decoder makes of those below it."""

import logging
from dataclasses import replace
from functools import partial
from math import log2
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.segment.measuring import measure
from nervcodec.codec.segment.planning import layer_quality, plan_config, plan_enhancement, plan_recipe
from nervcodec.codec.segment.report import EncodeReport, LayerReport
from nervcodec.codec.segment.search import Candidate
from nervcodec.codec.segment.task import Work, decodable
from nervcodec.codec.stream.assembly import make_layer, plan_header
from nervcodec.codec.stream.joining import join
from nervcodec.codec.stream.layers import describe_network
from nervcodec.codec.stream.payload import pack
from nervcodec.codec.stream.tensors import Tensors
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.entropy.forms import FORMS, PLAIN
from nervcodec.errors import RequestError
from nervcodec.events import FitStarted, LayerDropped
from nervcodec.memory import check_memory
from nervcodec.models.catalogue import model_name
from nervcodec.models.config import PyramidConfig
from nervcodec.training.fit import fit, time_fit
from nervcodec.training.network import Beside
from nervcodec.training.recipe import Recipe, preset_steps

LOG = logging.getLogger(__name__)
TIME_SHARE = 0.85
"""Of the time left, what steps are planned for; the rest is for what cannot be foreseen: on a machine with other work
steps took up to 16 % longer than when they were timed (ours)."""
MEASURING_STEPS = 0.8
"""A frame is measured twice, which takes as long as this share of a step (ours)."""
LEAST_TIMED_STEPS = 50
SPARE_BYTES = 20
"""Lengths of chunks and groups, and what range coders round up to."""
COPIES = 3
"""Of the clip: itself, what the layers below decode to, and what comes of the next one."""
LEAST_LAYER_BYTES = 200
"""What a layer may take, even if those below it have already reached the size that was asked for (ours)."""


class Stack:
    """The layers of one file, made from the base up at a quality, and steered to a number of bytes if one is given."""

    def __init__(self, work: Work, quality: float | None, aimed: int | None, fits_to_come: int) -> None:
        self.work, self.quality, self.aimed = work, quality, aimed
        if work.options.layers > 1:
            check_memory(COPIES * work.clip.nbytes, f"{work.options.layers} layers of {len(work.clip)} frames")
        self.fits_to_come = fits_to_come
        """This one included; they share the time that is left."""
        self.stream = Stream(header=work.header, layers=())
        self.before = Unpacker(join(work.chain)) if work.chain else None
        self.configs: list[PyramidConfig] = []
        self.data = b""
        self.reports: list[LayerReport] = []
        self.decoded: Tensor | None = None
        """Of the layers so far, like the clip."""

    def build(self) -> Candidate:
        """All layers that are asked for, up to the first that does not pay for its bits."""
        while len(self.reports) < self.work.options.layers and self._add():
            pass
        last, frames = self.reports[-1], len(self.work.clip)
        return Candidate(
            EncodeReport(
                quality=last.quality,
                file_bytes=last.file_bytes,
                bits_per_pixel=last.bits_per_pixel,
                frames=frames,
                parameters=sum(report.parameters for report in self.reports),
                steps=sum(report.steps for report in self.reports),
                fit_seconds=sum(report.fit_seconds for report in self.reports),
                decode_seconds=last.decode_seconds,
                layers=tuple(self.reports),
                domain=self.work.video.domain,
            ),
            self.data,
        )

    def _add(self) -> bool:
        """Fit, pack and measure one more layer; whether it is worth its bits and was kept."""
        work, clip, number = self.work, self.work.clip, len(self.reports) + 1
        config, recipe = self._plan(number)
        begun = monotonic()
        stream = self._with(config, self._fit(number, config, recipe))
        data = write_stream(stream)
        packed = monotonic()
        LOG.info("layer %d: %d bytes with all below; of its groups: %s", number, len(data), group_sizes(stream, config))
        decoded = torch.empty_like(clip) if number < work.options.layers else None
        notes = work.scratch.notes() if work.scratch else None
        whole, device = decodable(work.chain, data), work.options.device
        meter = measure(whole, work.seen, device, work.observe, notes, decoded)
        report = LayerReport(
            quality=meter.quality,
            file_bytes=len(data),
            bits_per_pixel=work.video.bits_per_pixel(len(data), len(clip)),
            parameters=config.parameters,
            steps=recipe.steps,
            fit_seconds=packed - begun,
            decode_seconds=monotonic() - packed,
        )
        if self.reports and not pays(self.reports[-1], report, work.options.min_gain):
            gain, size = report.psnr_db - self.reports[-1].psnr_db, report.file_bytes - len(self.data)
            work.observe(LayerDropped(layer=number, gain_db=gain, layer_bytes=size))
            return False
        self.stream, self.data, self.reports = stream, data, [*self.reports, report]
        self.configs.append(config)
        self.decoded = decoded
        return True

    def _fit(self, number: int, config: PyramidConfig, recipe: Recipe) -> Chunk:
        """Fit and pack a layer, counted from 1."""
        work, before = self.work, self._tensors_before(number)
        started = FitStarted(
            model=model_name(config),
            parameters=config.parameters,
            frames=len(work.clip),
            steps=recipe.steps,
            layer=number,
            layers=work.options.layers,
        )
        work.observe(started)
        keeper = work.scratch.keeper() if work.scratch else None
        beside = Beside(self.decoded, work.masks, before)
        fitted = fit(work.clip.to(work.device), config, recipe, work.observe, beside, keeper)
        forms = PLAIN if work.options.recipe == "paper" else FORMS
        return Chunk(pack(config, fitted.tensors, forms, before), follows=bool(before))

    def _plan(self, number: int) -> tuple[PyramidConfig, Recipe]:
        """Network and recipe of a layer, counted from 1."""
        work, frames, layers = self.work, len(self.work.clip), self.work.options.layers
        quality = None if work.options.recipe == "paper" else layer_quality(self.quality, layers, number)
        options = replace(work.options, quality=quality, target=None)
        config: PyramidConfig
        recipe = plan_recipe(options, work.video, frames)
        before = self._config_before(number)
        if before:
            config = before
        elif self.configs:
            config = plan_enhancement(options, self.configs[0], work.video, frames)
        else:
            config = plan_config(options, work.video, frames)
        if self.configs:
            recipe = replace(recipe, embeddings="free", branches=False)
        plan_header(work.video, frames, config)
        if self.aimed:
            without = len(write_stream(self._with(config, Chunk(())))) + SPARE_BYTES
            left = max(self.aimed / 2 ** (layers - number) - without, LEAST_LAYER_BYTES)
            recipe = replace(recipe, target_bits=8.0 * left)
        if work.deadline is not None:
            left = work.deadline - monotonic()
            steps = partial(self._steps_in_time, config, recipe, left)
            recipe = replace(recipe, steps=work.scratch.recall(steps) if work.scratch else steps())
        self.fits_to_come -= 1
        LOG.info("layer %d: %s", number, describe_network(config))
        LOG.debug("layer %d: %s", number, recipe)
        return config, recipe

    def _config_before(self, number: int) -> PyramidConfig | None:
        """The network of a layer in the segment before; None where there is none to go on with."""
        if self.before is None or number > len(self.before.configs):
            return None
        return self.before.config(number - 1, len(self.work.chain) - 1)

    def _tensors_before(self, number: int) -> Tensors:
        """What a layer's fit begins with."""
        if self.before is None or self._config_before(number) is None:
            return {}
        return self.before.tensors(number - 1, len(self.work.chain) - 1)

    def _with(self, config: PyramidConfig, chunk: Chunk) -> Stream:
        """The stream with one layer more."""
        return replace(self.stream, layers=(*self.stream.layers, make_layer(config, chunk)))

    def _steps_in_time(self, config: PyramidConfig, recipe: Recipe, left: float) -> int:
        """Steps of the next fit in its share of the seconds that are left."""
        before = monotonic()
        clip = self.work.clip.to(self.work.device)
        each, besides = time_fit(clip, config, recipe, Beside(self.decoded, self.work.masks))
        left -= monotonic() - before
        steps = int((TIME_SHARE * left / self.fits_to_come - besides) / each - MEASURING_STEPS * len(self.work.clip))
        if steps < LEAST_TIMED_STEPS and not self.reports:
            raise RequestError(f"{self.work.options.time_limit:g} s are too short: a step takes {each:.2g} s")
        return min(max(steps, LEAST_TIMED_STEPS), preset_steps("placebo", len(self.work.clip), recipe.batch))


def group_sizes(stream: Stream, config: PyramidConfig) -> str:
    """Bytes of each tensor group of the last layer of a stream."""
    (chunk,) = stream.layers[-1].chunks
    return ", ".join(f"{name} {len(group)}" for name, group in zip(config.groups, chunk.groups, strict=True))


def pays(below: LayerReport, report: LayerReport, min_gain: float) -> bool:
    """Whether a layer gains enough decibels for each doubling of the file."""
    return report.psnr_db - below.psnr_db >= min_gain * log2(report.file_bytes / below.file_bytes)
