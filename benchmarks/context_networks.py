"""Learns the networks of mixed embeddings: `python -m benchmarks.context_networks FILE.nerv ... -o networks.json`.

What comes out is a file as `nervcodec/entropy/networks.json`, which is a part of the format: files that were written
with other networks no longer decode beside it. The networks are learned from the symbols of all embeddings in some
files. Each tensor belongs to one set, at first by its name; after a round of learning it goes to the set that codes it
in the fewest bits, and the sets learn on from where they are.

With `--leave-out jockey`, nothing is learned from files with "jockey" in their name; what these take shows what the
networks are worth for new videos.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, fields
from functools import partial
from itertools import chain, product
from multiprocessing import get_context
from pathlib import Path
from statistics import mean
from typing import Any

import click
import numpy as np
import torch

from benchmarks.context_learning import Cells, Symbols, build_learners, cells_and_copies, check, learn, mixing_of
from benchmarks.record import write_record
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.stream.unpacking import Unpacker
from nervcodec.entropy.forms import MIXING_BITS, REFERRING, cheapest_form
from nervcodec.entropy.mixing import all_cells, lengths
from nervcodec.entropy.networks import LARGEST, Network
from nervcodec.files import replacing

Networks = tuple[Network, ...]
"""A set: a network for each pass."""

STEPPED = ("content",)
"""Embeddings of which learning sees copies in other steps."""
FEWEST_SYMBOLS = 200
"""Smaller tensors are left alone."""
FIRST_SETS = {"content": 1, "coarse": 2}
"""The set to which an embedding belongs at first; 0 for others."""
ROUNDS = 3
"""Rounds of learning; the last one takes three times the steps of each other one."""
FIRST_RATE, NEXT_RATE = 1e-2, 6e-3
"""Learning rates at the beginning of the first round and of the others."""
EVEN_BITS, EVENNESS = 1e4, 0.7
"""Symbols of a tensor that takes n bits without networks count `(EVEN_BITS / n) ** EVENNESS` each."""


@dataclass(frozen=True)
class Example:
    """The symbols of one embedding in a file."""

    file: str
    name: str
    symbols: Symbols
    bits: float
    """What the cheapest form without networks takes."""


@dataclass(frozen=True)
class Plan:
    """How to learn."""

    sets: int
    hidden: int
    """Number of hidden values of a network."""
    steps: int
    """Steps of the last round."""


def read_examples(path: Path) -> Iterator[Example]:
    """The embeddings in a file that can be mixed."""
    unpacker = Unpacker(read_stream(path.read_bytes()))
    for layer, segment in product(range(len(unpacker.configs)), range(len(unpacker.stream.header.segments))):
        config, tensors = unpacker.config(layer, segment), unpacker.tensors(layer, segment)
        for name in config.embeddings if config else ():
            symbols = tensors[name].symbols
            if symbols.size >= FEWEST_SYMBOLS and np.abs(symbols).max() <= LARGEST:
                yield Example(path.name, name, symbols, cheapest_form(symbols, True, REFERRING).bits)


def learn_sets(examples: Sequence[Example], plan: Plan, jobs: int = 1) -> list[Networks]:
    """Sets of networks that code some embeddings in few bits."""
    tensors = [_cells(example, seed) for seed, example in enumerate(examples)]
    owners = np.array([min(FIRST_SETS.get(example.name, 0), plan.sets - 1) for example in examples])
    learners = [build_learners(tensors[0], plan.hidden, number) for number in range(plan.sets)]
    sets: list[Networks] = []
    with _mapping(jobs) as run:
        for number in range(ROUNDS):
            last, rate = number == ROUNDS - 1, NEXT_RATE if number else FIRST_RATE
            parts = [[tensors[i] for i in np.flatnonzero(owners == own)] for own in range(plan.sets)]
            further = partial(learn, steps=plan.steps if last else plan.steps // 3, rate=rate)
            learners = list(run(further, learners, parts, range(plan.sets)))
            sets = [tuple(learner.whole() for learner in passes) for passes in learners]
            owners = np.array([_best(sets, example.symbols)[0] for example in examples])
            click.echo(f"round {number + 1}: {np.bincount(owners, minlength=plan.sets)} tensors in sets", err=True)
    return sets


def bits_with(networks: Networks, symbols: Symbols) -> float:
    """Bits of a tensor with networks, in whole numbers as the coder has them."""
    mixing = mixing_of(symbols)
    cells = zip(networks, all_cells(symbols, mixing), strict=True)
    bits = (lengths(network.laws(around, told), own, mixing) for network, (around, told, own) in cells)
    return MIXING_BITS + sum(float(found.sum()) for found in bits)


def as_json(sets: Sequence[Networks]) -> str:
    """Sets of networks as `nervcodec/entropy/networks.json` has them.

    Raises ValueError for networks that would not be exact everywhere.
    """
    for network in chain.from_iterable(sets):
        check(network)
    plain = [[{f.name: getattr(n, f.name).astype(int).tolist() for f in fields(n)} for n in one] for one in sets]
    return json.dumps(plain, separators=(",", ":"))


def _cells(example: Example, seed: int) -> list[Cells]:
    weight = (EVEN_BITS / example.bits) ** EVENNESS
    return cells_and_copies(example.symbols, weight, seed, stepped=example.name in STEPPED)


def _best(sets: Sequence[Networks], symbols: Symbols) -> tuple[int, float]:
    """The set that codes a tensor in the fewest bits, and these bits."""
    bits = [bits_with(networks, symbols) for networks in sets]
    best = int(np.argmin(bits))
    return best, bits[best]


@contextmanager
def _mapping(jobs: int) -> Iterator[Callable[..., Iterable[Any]]]:
    """`map`, in as many processes as there are jobs."""
    if jobs == 1:
        yield map
    else:
        with ProcessPoolExecutor(jobs, get_context("spawn")) as pool:
            yield pool.map


def _point(example: Example, sets: Sequence[Networks], learned: bool) -> dict[str, Any]:
    """What a tensor takes without networks and with the best set of them."""
    number, bits = _best(sets, example.symbols)
    shape = example.symbols.shape
    text = f"{example.file} {example.name} {'x'.join(map(str, shape))}: {example.bits:.0f} bits without networks"
    click.echo(f"{text}, {bits:.0f} with set {number}, {bits / example.bits:.3f} of them")
    return {
        "file": example.file,
        "name": example.name,
        "shape": shape,
        "learned": learned,
        "bits_without": round(example.bits),
        "bits_with": round(bits),
        "set": number,
    }


def _means(points: Sequence[dict[str, Any]]) -> dict[str, float]:
    """Mean ratios of bits with networks to bits without them, of all tensors and by name."""
    names = ["all", *sorted({point["name"] for point in points})]
    chosen = {name: [p for p in points if name in ("all", p["name"])] for name in names}
    return {name: mean(p["bits_with"] / p["bits_without"] for p in some) for name, some in chosen.items()}


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True, help="JSON file for the networks.")
@click.option("--sets", type=click.IntRange(1, 256), default=3, show_default=True)
@click.option("--hidden", type=click.IntRange(min=1), default=32, show_default=True, help="Hidden values of a network.")
@click.option("--steps", type=click.IntRange(min=3), default=2000, show_default=True, help="Steps of the last round.")
@click.option("--leave-out", multiple=True, metavar="TEXT", help="Learn nothing from files with this in their name.")
@click.option("--jobs", type=click.IntRange(min=1), default=1, help="Sets that learn at a time, to the same networks.")
@click.option("--record", type=click.Path(path_type=Path), help="JSON file for the figures.")
def main(
    files: tuple[Path, ...], output: Path, leave_out: tuple[str, ...], jobs: int, record: Path | None, **plan: int
) -> None:
    """Learn networks from the embeddings in FILES, and print how many bits these take with them and without."""
    torch.set_num_threads(1)
    examples: dict[bool, list[Example]] = {True: [], False: []}
    for path in files:
        examples[not any(text in path.name for text in leave_out)].extend(read_examples(path))
    if not examples[True]:
        raise click.UsageError("there is no embedding to learn from")
    sets = learn_sets(examples[True], Plan(**plan), jobs)
    with replacing(output) as target:
        target.write_text(as_json(sets))
    points = [_point(example, sets, learned) for learned, some in examples.items() for example in some]
    means = {}
    for learned, what in ((True, "learned from"), (False, "left out")):
        if examples[learned]:
            means[what] = _means([point for point in points if point["learned"] == learned])
            figures = ", ".join(f"{name} {ratio:.4f}" for name, ratio in means[what].items())
            click.echo(f"mean ratio of tensors {what}: {figures}")
    if record:
        write_record(record, {"means": means, "points": points})


if __name__ == "__main__":
    main()
