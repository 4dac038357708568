"""Fits the layers of a segment, each on top of the decoded frames of the layers below."""

import logging
from dataclasses import replace
from math import log2
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bitstream.container import Stream, write_stream
from nervcodec.bitstream.layer import Chunk
from nervcodec.codec.segment.finishing import finished
from nervcodec.codec.segment.measuring import measure
from nervcodec.codec.segment.planning import plan_layers, rate_of_fitted
from nervcodec.codec.segment.report import EncodeReport, LayerReport
from nervcodec.codec.segment.search import Candidate
from nervcodec.codec.segment.task import SegmentTask, decodable
from nervcodec.codec.stream.assembly import make_layer, plan_header
from nervcodec.codec.stream.joining import join
from nervcodec.codec.stream.layers import describe_network, group_names
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
from nervcodec.training.network import FitInputs
from nervcodec.training.recipe import Recipe, preset_steps

LOG = logging.getLogger(__name__)
TIME_SHARE = 0.85
"""Share of the time left for which steps are planned; the rest is for delays that cannot be foreseen.

On a machine with other work, steps took up to 16 % longer than when they were timed (ours).
"""
MEASURING_STEPS = 0.8
"""Duration of measuring a frame, which is done twice, as a share of the duration of a step (ours)."""
LEAST_TIMED_STEPS = 50
SPARE_BYTES = 20
"""Bytes for the lengths of chunks and groups, and for the rounding up of range coders."""
COPIES = 3
"""Copies of the clip in memory: the clip, the decoded layers below, and the decoded next layer."""
CORRECTION_SHARE = 0.15
"""Share of the bytes of a file of groups that corrections are likely to take (ours, docs/experiments.md)."""
LEAST_LAYER_BYTES = 200
"""Bytes that a layer may take even if the layers below have already reached the size that was asked for (ours)."""


class Stack:
    """The layers of one file, made from the base up at a quality, and steered to a number of bytes if one is given."""

    def __init__(self, task: SegmentTask, quality: float | None, aimed: int | None, fits_to_come: int) -> None:
        self.task, self.aimed = task, aimed
        if task.options.layers > 1:
            check_memory(COPIES * task.clip.nbytes, f"{task.options.layers} layers of {len(task.clip)} frames")
        self.fits_to_come = fits_to_come
        """Number of fits that share the time left, including the next one."""
        self.stream = Stream(header=task.header, layers=())
        self.before = Unpacker(join(task.chain)) if task.chain else None
        self.planned = plan_layers(
            task.options, task.video, len(task.clip), quality, self._config_before(1), shown=task.shown
        )
        self.data = b""
        self.reports: list[LayerReport] = []
        self.decoded: Tensor | None = None
        """Decoded frames of the layers so far, like the clip; None before the first and after the last layer."""

    def build(self) -> Candidate:
        """The file of all layers that are asked for, up to the last that pays for its bits."""
        while len(self.reports) < self.task.options.layers and self._add():
            pass
        last, frames = self.reports[-1], self.task.shown
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
                domain=self.task.video.domain,
            ),
            self.data,
        )

    def _add(self) -> bool:
        """Fit, pack and measure one more layer; returns whether it pays for its bits and was kept."""
        task, clip, number = self.task, self.task.clip, len(self.reports) + 1
        config, recipe = self._plan(number)
        begun = monotonic()
        chunk, rate = self._fit(number, config, recipe)
        stream = self._with(config, chunk)
        data = write_stream(stream)
        packed = monotonic()
        decoded = torch.empty_like(clip) if number < task.options.layers else None
        notes = task.scratch.notes() if task.scratch else None
        whole = decodable(task.chain, data)
        meter = measure(whole, task.seen, task.options.device, task.observe, notes, decoded)
        stream, quality = finished(task, stream, meter, rate, self._aimed(number))
        data = write_stream(stream)
        LOG.info("layer %d: %d bytes so far; its groups: %s", number, len(data), group_sizes(stream, config))
        report = LayerReport(
            quality=quality,
            file_bytes=len(data),
            bits_per_pixel=task.video.bits_per_pixel(len(data), task.shown),
            parameters=config.parameters,
            steps=recipe.steps,
            fit_seconds=packed - begun,
            decode_seconds=monotonic() - packed,
        )
        if self.reports and not pays(self.reports[-1], report, task.options.min_gain):
            gain, size = report.psnr_db - self.reports[-1].psnr_db, report.file_bytes - len(self.data)
            task.observe(LayerDropped(layer=number, gain_db=gain, layer_bytes=size))
            return False
        self.stream, self.data, self.reports = stream, data, [*self.reports, report]
        self.decoded = decoded
        return True

    def _fit(self, number: int, config: PyramidConfig, recipe: Recipe) -> tuple[Chunk, float]:
        """The chunk of layer `number`, counted from 1, fitted; and the weight of a bit per pixel at the end."""
        task, before = self.task, self._tensors_before(number)
        started = FitStarted(
            model=model_name(config),
            parameters=config.parameters,
            frames=len(task.clip),
            steps=recipe.steps,
            layer=number,
            layers=task.options.layers,
        )
        task.observe(started)
        keeper = task.scratch.keeper() if task.scratch else None
        inputs = FitInputs(self.decoded, task.masks, before)
        fitted = fit(task.clip.to(task.device), config, recipe, task.observe, inputs, keeper)
        forms = PLAIN if task.options.recipe == "paper" else FORMS
        rate = rate_of_fitted(task.options, len(task.clip), task.shown) if fitted.rate is None else fitted.rate
        groups = pack(config, fitted.tensors, forms, before)
        corrections = [b""] if task.header.corrected(0) else []
        return Chunk((*groups, *corrections), follows=bool(before)), rate

    def _plan(self, number: int) -> tuple[PyramidConfig, Recipe]:
        """Network and recipe of layer `number`, counted from 1; the network may be that of the segment before."""
        task, planned = self.task, self.planned[number - 1]
        config, recipe = self._config_before(number) or planned.config, planned.recipe
        plan_header(task.video, len(task.clip), config)
        if self.aimed:
            without = len(write_stream(self._with(config, Chunk(())))) + SPARE_BYTES
            left = max(self._aimed(number) - without, LEAST_LAYER_BYTES)
            fitted = 1 - CORRECTION_SHARE if task.timeline.missing and task.filters else 1
            recipe = replace(recipe, target_bits=8.0 * fitted * left)
        if task.deadline is not None:
            left = task.deadline - monotonic()

            def steps() -> list[int]:
                return [self._steps_in_time(config, recipe, left)]

            (number,) = task.scratch.recall(steps) if task.scratch else steps()
            recipe = replace(recipe, steps=number)
        self.fits_to_come -= 1
        LOG.info("layer %d: %s", number, describe_network(config))
        LOG.debug("layer %d: %s", number, recipe)
        return config, recipe

    def _aimed(self, number: int) -> float:
        """Bytes that the file should have with its first layers, up to `number`; 0 where no size is asked for."""
        return (self.aimed or 0) / 2.0 ** (len(self.planned) - number)

    def _config_before(self, number: int) -> PyramidConfig | None:
        """The network of a layer in the segment before, with which a fit continues; None if there is none."""
        if self.before is None or number > len(self.before.configs):
            return None
        return self.before.config(number - 1, len(self.task.chain) - 1)

    def _tensors_before(self, number: int) -> Tensors:
        """Tensors of a layer in the segment before, with which its fit begins; empty if there are none."""
        if self.before is None or self._config_before(number) is None:
            return {}
        return self.before.tensors(number - 1, len(self.task.chain) - 1)

    def _with(self, config: PyramidConfig, chunk: Chunk) -> Stream:
        """The stream with one more layer on top."""
        return replace(self.stream, layers=(*self.stream.layers, make_layer(config, chunk)))

    def _steps_in_time(self, config: PyramidConfig, recipe: Recipe, left: float) -> int:
        """Number of steps of the next fit in its share of the `left` seconds."""
        before = monotonic()
        clip = self.task.clip.to(self.task.device)
        each, besides = time_fit(clip, config, recipe, FitInputs(self.decoded, self.task.masks))
        left -= monotonic() - before
        steps = int((TIME_SHARE * left / self.fits_to_come - besides) / each - MEASURING_STEPS * self.task.measured)
        if steps < LEAST_TIMED_STEPS and not self.reports:
            raise RequestError(f"{self.task.options.time_limit:g} s are too short: a step takes {each:.2g} s")
        return min(max(steps, LEAST_TIMED_STEPS), preset_steps("placebo", len(self.task.clip), recipe.batch))


def group_sizes(stream: Stream, config: PyramidConfig) -> str:
    """Names and bytes of the tensor groups in the last layer of a stream, as text."""
    (chunk,) = stream.layers[-1].chunks
    names = group_names(config, stream.header, 0)
    return ", ".join(f"{name} {len(group)}" for name, group in zip(names, chunk.groups, strict=True))


def pays(below: LayerReport, report: LayerReport, min_gain: float) -> bool:
    """Whether a layer gains enough decibels for each doubling of the file."""
    return report.psnr_db - below.psnr_db >= min_gain * log2(report.file_bytes / below.file_bytes)
