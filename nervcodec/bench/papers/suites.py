"""Tables of the two papers as suites, each made of the fits that stand for a table."""

from bisect import bisect_right
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

from nervcodec.errors import RequestError
from nervcodec.models.catalogue import MODELS, base_names
from nervcodec.models.dnerv.sizing import DIFFERENCE_CHANNELS, choose_difference_grid
from nervcodec.models.sizing import choose_strides, content_shape
from nervcodec.training.recipe import LEARNING_RATES

RATES = {0.015: "uvg960-1.58m", 0.025: "uvg960-3m", 0.05: "uvg960-3m-fine"}
"""Bits per pixel in DNeRV's Table 9, with the rows of its networks (section 7.3)."""
TASK_QUALITY = 60.0
"""Quality of fits that leave frames or pixels out; the papers do not give the size of their networks (ours)."""
SIZES = {"0.35M": 350_000, "0.75M": 750_000, "1.5M": 1_500_000, "3M": 3_000_000}
UVG, HALF_UVG, BUNNY = (1920, 960), (960, 480), (1280, 640)
ROWS = {
    ("dnerv", UVG): "uvg960-3m-fine",
    ("dnerv", HALF_UVG): "uvg480-3m",
    ("dnerv", BUNNY): "bunny-0.75m",
    ("sdmn", UVG): "sdmn960-3m",
    ("sdmn", HALF_UVG): "sdmn480-3m",
    ("sdmn", BUNNY): "sdmn640-0.75m",
}
"""Rows of the papers' networks by model and picture size; Table 11 does not name its row, so DNeRV's is our guess."""
UNCOMPRESSED = {"recipe": "paper", "bits": 12, "prune": 0.0}
"""Options that stand for networks of floats, which no file holds."""
COMPRESSIONS = {
    "none": UNCOMPRESSED,
    "8 bit": {"recipe": "paper", "bits": 8, "prune": 0.0},
    "8 bit, 10 % pruned": {"recipe": "paper", "bits": 8, "prune": 0.1},
    "8 bit, 20 % pruned": {"recipe": "paper", "bits": 8, "prune": 0.2},
}


@dataclass(frozen=True)
class Task:
    """Conditions in which a suite runs: one video, and how long to fit."""

    width: int
    height: int
    frames: int
    fit: Mapping[str, Any]
    """`preset`, `epochs` or `steps`, and other options of EncodeOptions for every fit (`seed`, `device`)."""

    def row_or(self, row: str | None, otherwise: Mapping[str, Any], picture: tuple[int, int]) -> dict[str, Any]:
        """A row of the papers where the video has its picture size, else another way to choose the network."""
        return {"row": row} if row and (self.width, self.height) == picture else dict(otherwise)


@dataclass(frozen=True)
class Trial:
    """One point of one curve."""

    codec: str
    """Name of the curve; the word before a colon is the model or codec."""
    label: str
    """Setting that makes the point, in words."""
    setting: dict[str, Any]
    """Values of JSON: arguments of EncodeOptions, with `target` as `{"kind": "bpp", "value": 0.015}`, or, for x264 and
    x265, `bpp`."""


@dataclass(frozen=True)
class Suite:
    """A table of the papers, or several tables that belong together."""

    name: str
    summary: str
    dataset: str
    trials: Callable[[Task], list[Trial]]
    videos: tuple[str, ...] | None = None
    """Names of videos; None means all of the data set."""
    protocol: str = "hnerv"
    """Name of a protocol; `hnerv` has the papers' crop: the middle 1920x960 of 1080p, the middle 1280x640 of 720p."""
    fit: Mapping[str, Any] = field(default_factory=lambda: {"epochs": 300})
    """Length of fits as in the papers, where nothing else is asked for."""


def suite(name: str) -> Suite:
    """The suite with a name.

    Raises RequestError for a name that no suite has.
    """
    if name in SUITES:
        return SUITES[name]
    raise RequestError(f"there is no suite {name}: suites are {', '.join(SUITES)}")


def raw_size(task: Task, bits_per_pixel: float) -> int:
    """Number of weights of a DNeRV that takes a rate with its embeddings, at 8 bits per value, as the paper counts.

    The difference grid is that of the recipe `paper` for that size. The result is 1 where embeddings alone take more.
    """
    height, width, frames = task.height, task.width, task.frames
    strides = choose_strides(height, width)
    budget = int(bits_per_pixel * height * width * frames / 8)

    content = prod(content_shape(height, width, strides))

    def values(weights: int) -> int:
        rows, columns = choose_difference_grid(height, width, strides, frames, weights)
        return weights + frames * (content + DIFFERENCE_CHANNELS * rows * columns)

    largest: int = bisect_right(range(budget + 1), budget, key=values) - 1
    return max(largest, 1)


def _compression(task: Task) -> list[Trial]:
    trials = []
    for rate, row in RATES.items():
        label = f"bpp={rate:g}"
        papers = task.row_or(row, {"size": raw_size(task, rate)}, UVG)
        target = {"kind": "bpp", "value": rate}
        trials += [
            Trial("dnerv", label, {**task.fit, "model": "dnerv", "target": target}),
            Trial("dnerv:paper", label, {**task.fit, "model": "dnerv", "recipe": "paper", **papers}),
            *(Trial(f"{codec}:seed", label, {"bpp": rate}) for codec in ("x264", "x265")),
        ]
    return trials


def _quantization(task: Task) -> list[Trial]:
    trials = []
    for model in ("dnerv", "sdmn"):
        row = ROWS.get((model, (task.width, task.height)))
        network = {"model": model, **({"row": row} if row else {})}
        trials += [
            Trial(f"{model}:paper", label, {**task.fit, **network, **compression})
            for label, compression in COMPRESSIONS.items()
        ]
    return trials


def _optimizer(task: Task) -> list[Trial]:
    network = {"model": "dnerv", "embeddings": "encoder", **UNCOMPRESSED}
    network |= task.row_or("bunny-0.35m", {"size": SIZES["0.35M"]}, BUNNY)
    pairs = [(name, rate) for rate in (5e-4, 1e-3, 3e-3) for name in ("adam", "adan")]
    pairs.append(("muon", LEARNING_RATES["muon"]))
    return [
        Trial(
            f"dnerv:{name}",
            f"learning_rate={rate:g}",
            {**task.fit, **network, "optimizer": name, "learning_rate": rate},
        )
        for name, rate in pairs
    ]


def _blocks(task: Task) -> list[Trial]:
    row = ROWS.get(("sdmn", (task.width, task.height)))
    network = {"model": "sdmn", **({"row": row} if row else {}), **UNCOMPRESSED}
    return [Trial(f"sdmn:{b}", f"block={b}", {**task.fit, **network, "block": b}) for b in ("rep", "plain")]


def _flow(task: Task) -> list[Trial]:
    trials = []
    for label, size in SIZES.items():
        network = {"model": "dnerv", "embeddings": "encoder", **UNCOMPRESSED}
        network |= task.row_or(f"bunny-{label.lower()}", {"size": size}, BUNNY)
        trials += [
            Trial(f"dnerv:{source}", label, {**task.fit, **network, "difference_source": source})
            for source in ("frames", "flow")
        ]
    return trials


def _interpolation(task: Task) -> list[Trial]:
    return [
        Trial(model, "keep_every=2", {"quality": TASK_QUALITY, **task.fit, "model": model, "keep_every": 2})
        for model in base_names()
    ]


def _inpainting(task: Task) -> list[Trial]:
    return [
        Trial(model, f"mask={mask}", {"quality": TASK_QUALITY, **task.fit, "model": model, "mask": mask})
        for model in base_names()
        if MODELS[model].assisted  # otherwise a hole in a frame would be seen in the frames that borrow from it
        for mask in ("boxes:5x50", "center:1/4")
    ]


SUITES = {
    made.name: made
    for made in (
        Suite(
            "compression",
            "rate and distortion at 0.015, 0.025 and 0.05 bpp, beside DNeRV's Table 9",
            "uvg",
            _compression,
        ),
        Suite(
            "quantization",
            "what 8 bits and pruning cost DNeRV and SDMN, beside DNeRV's Table 11 and QS-NeRV's Table 4",
            "uvg",
            _quantization,
        ),
        Suite(
            "optimizer",
            "Adam, Adan and our Muon by learning rate on Bunny, beside DNeRV's Table 10",
            "bunny",
            _optimizer,
        ),
        Suite(
            "blocks",
            "SDMN with re-parameterised and with plain blocks on Beauty, beside QS-NeRV's Table 2",
            "uvg",
            _blocks,
            videos=("Beauty",),
        ),
        Suite(
            "flow",
            "DNeRV's encoder fed with differences and with optical flow on Bunny, beside DNeRV's section 9.4",
            "bunny",
            _flow,
        ),
        Suite(
            "interpolation",
            "every second frame left out of the fit: frames seen, guessed, and assisted by embeddings that cost bits, "
            "beside DNeRV's Table 12 and QS-NeRV's Table 5, averages and minterpolate",
            "davis",
            _interpolation,
        ),
        Suite(
            "inpainting",
            "pixels left out of the fit, in HNeRV's five boxes and in one box in the middle",
            "davis",
            _inpainting,
        ),
    )
}
