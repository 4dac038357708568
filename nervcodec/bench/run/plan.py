"""From the options of a benchmark to its points."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from nervcodec.bench.codecs import DEFAULT_CODECS
from nervcodec.bench.codecs.material import Codec
from nervcodec.bench.codecs.names import find_codec
from nervcodec.bench.codecs.networks import NetworkCodec
from nervcodec.bench.data.catalogue import set_name
from nervcodec.bench.data.datasets import find_sequences
from nervcodec.bench.data.protocols import protocol_view
from nervcodec.bench.data.sequence import Sequence
from nervcodec.bench.papers.suites import Suite, Task, Trial, suite
from nervcodec.bench.run.point import Point
from nervcodec.codec.choices import DomainName
from nervcodec.errors import RequestError
from nervcodec.picture import Domain
from nervcodec.video.view import View

DEFAULT_PROTOCOL, DEFAULT_PRESET, DEFAULT_POINTS = "hnerv", "fast", 4


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """All options of a benchmark: what to measure, and on which videos."""

    dataset: str | None = None
    """Name of a data set, or a folder of clips; None means the data set of the suite."""
    root: Path | None = None
    """Folder in which the data set lies."""
    videos: tuple[str, ...] | None = None
    """Names of videos; None means those of the suite, or all of the data set."""
    codecs: tuple[str, ...] | None = None
    """Names of codecs; None means DEFAULT_CODECS."""
    protocol: str | None = None
    """Name of a protocol; None means that of the suite, or `hnerv`."""
    points: int | None = None
    """Number of points of each curve; None means 4; codecs that cost little get twice as many."""
    suite: str | None = None
    """Name of a task of the papers, which has its own codecs and points."""
    view: View = field(default_factory=View)
    """View that refines the protocol's; frames count from each sequence's first."""
    fitting: Mapping[str, Any] = field(default_factory=dict)
    """Options of `encode` that all points of our models share, such as `preset`."""
    shm_encoder: Path | None = None
    vmaf: bool = True
    keep_files: bool = False
    """Whether what codecs were given and their streams are kept."""
    domain: DomainName = "auto"
    """Samples that every codec is given; `auto` means planes for a video of 4:2:0, unless a suite, which is in RGB like
    the papers, or a model that is only for RGB is measured."""


def plan_points(options: BenchOptions) -> list[Point]:
    """All points of a benchmark, video after video.

    Raises RequestError for options that are not known or do not go together, VideoError for data that is missing or
    too short.
    """
    task = suite(options.suite) if options.suite else None
    if task and (options.codecs or options.points):
        raise RequestError("a suite has its own codecs and points")
    dataset = options.dataset and set_name(options.dataset)
    dataset = dataset or (task.dataset if task else None)
    if dataset is None:
        raise RequestError("say with --dataset what to measure on, or name a --suite")
    protocol = options.protocol or (task.protocol if task else DEFAULT_PROTOCOL)
    videos = options.videos or (task.videos if task and dataset == task.dataset else None)
    codecs = {} if task else _codecs(options)
    is_planar = not task and all(codec.makes_planes for codec in codecs.values() if isinstance(codec, NetworkCodec))
    if options.domain == "yuv420" and not is_planar:
        raise RequestError("suites and FFNeRV are for RGB: choose --domain rgb")
    curves = list(_curves(codecs, options))
    points = []
    for sequence in find_sequences(dataset, options.root, videos):
        domain = _domain(options.domain, sequence, is_planar=is_planar)
        view = protocol_view(protocol, sequence, replace(options.view, domain=domain))
        points += [
            Point(
                dataset=Path(dataset).name,
                protocol=protocol,
                suite=options.suite,
                sequence=sequence,
                view=view,
                codec=trial.codec,
                label=trial.label,
                setting=trial.setting,
                shm_encoder=options.shm_encoder,
                vmaf=options.vmaf,
                keep_files=options.keep_files,
            )
            for trial in (_trials(task, sequence, view, options) if task else curves)
        ]
    return points


def _trials(task: Suite, sequence: Sequence, view: View, options: BenchOptions) -> list[Trial]:
    """The points of a suite on a video."""
    width, height = view.output_size(sequence.format.width, sequence.format.height)
    frames = (view.stop or sequence.first + sequence.frames) - view.first
    return task.trials(Task(width, height, frames, _fitting(options, task.fit)))


def _domain(asked: DomainName, sequence: Sequence, *, is_planar: bool) -> Domain:
    """The samples of a sequence that all codecs are given.

    Raises RequestError where planes are asked for and there is no colour.
    """
    if asked == "auto":
        return "yuv420" if is_planar and sequence.format.chroma == "420" else "rgb"
    if asked == "yuv420" and sequence.format.chroma == "grey":
        raise RequestError(f"{sequence.name} is grey and has no planes of colour: choose --domain auto or rgb")
    return asked


def _codecs(options: BenchOptions) -> dict[str, Codec]:
    """The codecs of all curves by name."""
    fitting = _fitting(options, {"preset": DEFAULT_PRESET})
    return {name: find_codec(name, fitting, options.shm_encoder) for name in options.codecs or DEFAULT_CODECS}


def _curves(codecs: Mapping[str, Codec], options: BenchOptions) -> Iterator[Trial]:
    """The points of all curves; curves of our models are named by what is unusual in their fits."""
    fitting = _fitting(options, {"preset": DEFAULT_PRESET})
    remarks = [
        f":{value}" if name == "preset" else f":{name}={value:g}"
        for name, value in fitting.items()
        if name in ("epochs", "steps", "seed") or (name == "preset" and value != DEFAULT_PRESET)
    ]
    for name, codec in codecs.items():
        for label, setting in codec.settings(options.points or DEFAULT_POINTS).items():
            yield Trial(name + "".join(remarks if "model" in setting else []), label, dict(setting))


def _fitting(options: BenchOptions, default: Mapping[str, Any]) -> dict[str, Any]:
    """Options of all fits; their length is that of the default if no option gives it."""
    said = options.fitting.keys() & {"preset", "epochs", "steps"}
    return {**({} if said else default), **options.fitting}
