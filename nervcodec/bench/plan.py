"""From what was asked for to the points of a benchmark."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nervcodec.bench.codecs import find_codec
from nervcodec.bench.datasets import find_sequences
from nervcodec.bench.point import Point
from nervcodec.bench.protocols import protocol_view
from nervcodec.bench.suites import Trial, find_suite
from nervcodec.errors import RequestError
from nervcodec.video.view import View

CODECS = ("dnerv", "hnerv", "sdmn", "x264", "x265", "svt-av1")


@dataclass(frozen=True, kw_only=True)
class BenchOptions:
    """What to measure, on what."""

    dataset: str | None = None
    """By name, or a folder of clips; None means the one of the suite."""
    root: Path | None = None
    """Where the data set lies."""
    videos: tuple[str, ...] | None = None
    """None means those of the suite, or all of the data set."""
    codecs: tuple[str, ...] = CODECS
    protocol: str | None = None
    """None means the one of the suite, or `hnerv`."""
    points: int = 4
    """Of each curve; codecs that cost little get twice as many."""
    suite: str | None = None
    """A task of the papers, which brings its own codecs and points."""
    view: View = field(default_factory=View)
    """Refines the protocol's; frames count from each sequence's first."""
    fitting: Mapping[str, Any] = field(default_factory=dict)
    """Options of `encode` that all points of our models share, such as `preset`."""
    shm_encoder: Path | None = None
    vmaf: bool = True


def plan_points(options: BenchOptions) -> list[Point]:
    """All points, video after video.

    Raises RequestError for what is not known or does not go together, VideoError for data that is missing or short.
    """
    suite = find_suite(options.suite) if options.suite else None
    dataset = options.dataset or (suite.dataset if suite else None)
    if dataset is None:
        raise RequestError("say with --dataset what to measure on, or name a --suite")
    protocol = options.protocol or (suite.protocol if suite else "hnerv")
    videos = options.videos or (suite.videos if suite and dataset == suite.dataset else None)
    trials = suite.trials(options.fitting) if suite else list(_curves(options))
    if not trials:
        raise RequestError("there is nothing to measure")
    return [
        Point(
            dataset=Path(dataset).name,
            protocol=protocol,
            suite=options.suite,
            sequence=sequence,
            view=protocol_view(protocol, sequence, options.view),
            codec=trial.codec,
            label=trial.label,
            setting=dict(trial.setting),
            fitting=dict(options.fitting),
            shm_encoder=options.shm_encoder,
            vmaf=options.vmaf,
        )
        for sequence in find_sequences(dataset, options.root, videos)
        for trial in trials
    ]


def _curves(options: BenchOptions) -> Iterator[Trial]:
    for name in dict.fromkeys(options.codecs):
        codec = find_codec(name, dict(options.fitting), options.shm_encoder)
        for setting in codec.settings(options.points):
            label = ", ".join(f"{key}={value:g}" for key, value in setting.items())
            yield Trial(codec=name, label=label, setting=dict(setting))
