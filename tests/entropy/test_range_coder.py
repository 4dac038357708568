"""The coder in Python codes and decodes what constriction does, to the last bit."""

import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from nervcodec.bitstream.container import read_stream
from nervcodec.bitstream.format import VERSION
from nervcodec.cli.main import run
from nervcodec.entropy import coder, range_coder
from nervcodec.entropy.priors import MAX_MAGNITUDE, Prior, frequencies
from tests.cli.test_logs import QUICK
from tests.golden.make import FOLDER, symbols_digest

constriction = pytest.importorskip("constriction")

Words = NDArray[np.uint32]
Run = tuple[NDArray[np.int32], NDArray[np.float64]]
"""Symbols from 0, and the frequencies under which they are coded, `[n]`, or `[count, n]` if each has its own."""
THEIRS = SimpleNamespace(
    Table=lambda numbers: constriction.stream.model.Categorical(numbers, perfect=False),
    EACH=constriction.stream.model.Categorical(perfect=False),
    RangeEncoder=constriction.stream.queue.RangeEncoder,
    RangeDecoder=constriction.stream.queue.RangeDecoder,
)
PRIORS = [
    Prior(1),
    Prior(1, 0, 0, 255),
    Prior(1, 1, 127),
    Prior(7, 0, 32),
    Prior(127, 0, 0),
    Prior(127, 1, 0, 255),
    Prior(127, 1, 70, 3),
    Prior(600, 0, 127, 255),
    Prior(MAX_MAGNITUDE, 0, 0),
    Prior(MAX_MAGNITUDE, 1, 127),
    Prior(MAX_MAGNITUDE, 0, 127, 255),
]
LIMITS = (1, 65537, 65538, 65536, 131075, 1 << 23)
"""Widths of the symbols from 0 of `at_limits`."""
WITHOUT = """import sys
sys.modules["constriction"] = None
from nervcodec.cli.main import run
sys.exit(run(sys.argv[1:]))"""
NOTICE = "constriction is not installed"


def at_limits() -> NDArray[np.float64]:
    """Frequencies by which every symbol has exactly its own plus 1 as its width; a last symbol has the rest of 2^24."""
    widths = np.array([*LIMITS, (1 << 24) - sum(LIMITS)])
    return (widths - 1).astype(float)


def put(library: Any, encoder: Any, symbols: NDArray[np.int32], numbers: NDArray[np.float64]) -> None:
    """Encode symbols, each under its own frequencies where these have two axes."""
    encoder.encode(symbols, *((library.EACH, numbers) if numbers.ndim > 1 else (library.Table(numbers),)))


def take(library: Any, decoder: Any, count: int, numbers: NDArray[np.float64]) -> NDArray[np.int32]:
    """Decode what `put` encoded."""
    both = (library.EACH, numbers) if numbers.ndim > 1 else (library.Table(numbers), count)
    symbols: NDArray[np.int32] = decoder.decode(*both)
    return symbols


def words_of(library: Any, runs: list[Run]) -> Words:
    encoder = library.RangeEncoder()
    for symbols, numbers in runs:
        put(library, encoder, symbols, numbers)
    words: Words = encoder.get_compressed()
    np.testing.assert_array_equal(words, encoder.get_compressed())
    return words


def check_same(runs: list[Run]) -> Words:
    """Code runs of symbols with both libraries, decode them with both, and return the words."""
    words = words_of(range_coder, runs)
    np.testing.assert_array_equal(words, words_of(THEIRS, runs))
    for library in (range_coder, THEIRS):
        decoder = library.RangeDecoder(words)
        for symbols, numbers in runs:
            np.testing.assert_array_equal(take(library, decoder, len(symbols), numbers), symbols)
        assert decoder.maybe_exhausted()
    return words


def drawn(rng: np.random.Generator, numbers: NDArray[np.float64], count: int) -> Run:
    """Symbols of which a few are as improbable as can be."""
    symbols = rng.choice(len(numbers), count, p=numbers / numbers.sum()).astype(np.int32)
    rare = rng.random(count) < 0.05
    symbols[rare] = rng.integers(0, len(numbers), rare.sum())
    return symbols, numbers


@pytest.mark.parametrize("prior", PRIORS, ids=str)
def test_both_write_the_same_words_under_any_prior(prior: Prior) -> None:
    rng, numbers = np.random.default_rng(0), frequencies(prior)
    for count in (0, 1, 2, 3, 50, 3000):
        check_same([drawn(rng, numbers, count)])
    for symbol in (0, prior.magnitude, 2 * prior.magnitude):
        check_same([(np.full(100, symbol, np.int32), numbers)])


@pytest.mark.parametrize("seed", range(20))
def test_both_write_the_same_words_under_priors_in_turn(seed: int) -> None:
    rng = np.random.default_rng(seed)
    priors = [Prior(int(m), *map(int, rng.integers((2, 128, 256)))) for m in rng.integers(1, 200, 30)]
    check_same([drawn(rng, frequencies(prior), int(rng.integers(0, 60))) for prior in priors])


def drawn_each(rng: np.random.Generator, count: int, size: int, bits: int) -> Run:
    """Symbols with frequencies of their own, from 0 to 2^bits, one of each row at least 1; a fifth are improbable."""
    numbers = np.floor(2 ** rng.uniform(-1, bits, (count, size)))
    numbers[np.arange(count), rng.integers(0, size, count)] = 2.0 ** rng.integers(0, bits + 1, count)
    likely = (numbers * rng.random(numbers.shape)).argmax(1).astype(np.int32)
    return np.where(rng.random(count) < 0.2, rng.integers(0, size, count, np.int32), likely), numbers


@pytest.mark.parametrize("bits", [1, 10, 22, 44])
@pytest.mark.parametrize("size", [2, 3, 49, 511])
def test_both_write_the_same_words_where_each_symbol_has_its_own_frequencies(size: int, bits: int) -> None:
    rng = np.random.default_rng(size)
    for count in (0, 1, 2, 700):
        check_same([drawn_each(rng, count, size, bits)])
    check_same([drawn_each(rng, 40, size, bits), drawn(rng, frequencies(Prior(7)), 40), drawn_each(rng, 3, 2, bits)])


def test_one_table_and_the_same_one_for_each_symbol() -> None:
    symbols, numbers = drawn(np.random.default_rng(3), frequencies(Prior(90, 1, 50, 30)), 500)
    each = np.repeat(numbers[None], len(symbols), 0)
    np.testing.assert_array_equal(check_same([(symbols, numbers)]), check_same([(symbols, each)]))


@pytest.mark.parametrize("size", [2, 511])
def test_symbols_that_are_all_but_certain_and_all_but_impossible(size: int) -> None:
    """A row with all its weight on one symbol leaves the others a width of 1, 24 bits."""
    for certain in (0, size // 2, size - 1):
        numbers = np.zeros((300, size))
        numbers[:, certain] = 2.0**52
        assert len(check_same([(np.full(300, certain, np.int32), numbers)])) <= 2
        improbable = np.full(300, (certain + 1) % size, np.int32)
        assert len(check_same([(improbable, numbers)])) == 300 * 24 // 32 + 1


def test_all_tables_are_the_same() -> None:
    """Each boundary, from symbols that are coded alone, and from the points on either side of it."""
    for prior in (Prior(1, 0, 0, 255), Prior(90, 1, 50, 30), Prior(127, 0, 127)):
        numbers = frequencies(prior)
        for symbol in range(len(numbers)):
            check_same([(np.array([symbol], np.int32), numbers)])
        for left in range_coder.Table(numbers).left[1:-1].tolist():
            scale = (2**64 - 1) >> 24
            for point in (scale * left - 1, scale * left):
                words = np.array(divmod(point, 1 << 32), np.uint32)
                found = [
                    library.RangeDecoder(words).decode(library.Table(numbers), 1) for library in (range_coder, THEIRS)
                ]
                np.testing.assert_array_equal(*found)


def test_words_at_every_end_of_a_stream() -> None:
    """A stream ends with one word or two, by how far the interval reaches."""
    rng, numbers = np.random.default_rng(1), at_limits()
    symbols = np.array([0, 2, *rng.integers(0, len(numbers), 500)], np.int32)
    sizes = [len(check_same([(symbols[:end], numbers)])) for end in range(len(symbols))]
    assert sizes[:4] == [0, 1, 2, 2]


def big_integers(symbols: list[int]) -> tuple[int, list[int], int]:
    """Arithmetic without bounds: lower end of the interval of symbols of `at_limits`, its sizes, the last one as it is
    enlarged and each before, and how often it is."""
    lower, size, shifts, sizes = 0, 2**64 - 1, 0, []
    for symbol in symbols:
        scale = size // 2**24
        lower, size = lower + scale * sum(LIMITS[:symbol]), scale * LIMITS[symbol]
        sizes.append(size)
        if size < 2**32:
            lower, size, shifts = lower * 2**32, size * 2**32, shifts + 1
    return lower, [*sizes, size], shifts


def digits(number: int, count: int) -> list[int]:
    """The words of a number, the most significant one first."""
    return [number >> 32 * place & 2**32 - 1 for place in reversed(range(count))]


def big_integer_words(symbols: list[int]) -> list[int]:
    lower, (*_, size), shifts = big_integers(symbols)
    last = (lower + 2**32 - 1) // 2**32
    return digits(last, shifts + 1) + [0] * ((lower + size) // 2**32 == last)


@pytest.mark.parametrize(
    ("symbols", "limit"),
    [
        ([0, 1], 2**32 - 1),
        ([0, 4, 5], 2**32),
        ([0, 2], 2**32 + 2**16 - 2),
        ([0, 3], 2**32 - 2**16),
        ([0, 0], 2**16 - 1),
    ],
)
def test_ranges_around_a_word(symbols: list[int], limit: int) -> None:
    _, sizes, _ = big_integers(symbols)
    assert sizes[-2] == limit
    for end in ([], [0] * 5, [5] * 40, symbols * 10):
        run = np.array([*symbols, *end], np.int32), at_limits()
        assert check_same([run]).tolist() == big_integer_words([*symbols, *end])


@pytest.mark.parametrize("symbols", [[], [0], [5, 5], [0, 2], [0, 1, 2], [1, 2, 3] * 20], ids=len)
def test_the_last_quantile_and_the_one_after_it(symbols: list[int]) -> None:
    """An interval is a little longer than 2^24 steps, and a number in the rest of it means no symbol."""
    lower, (*_, size), shifts = big_integers(symbols)
    end = lower + (size >> 24 << 24)
    assert end < lower + size
    for library, refusal in ((THEIRS, AssertionError), (range_coder, ValueError)):
        table = library.Table(at_limits())
        for number, legal in ((end - 1, True), (end, False), (lower + size - 1, False)):
            decoder = library.RangeDecoder(np.array(digits(number, shifts + 2), np.uint32))
            assert decoder.decode(table, len(symbols)).tolist() == symbols
            if legal:
                assert decoder.decode(table, 1).tolist() == [len(LIMITS)]
            else:
                with pytest.raises(refusal):
                    decoder.decode(table, 1)


def test_how_much_may_be_left_over() -> None:
    lower, _, shifts = big_integers([0, 1])
    for rest, exhausted in ((2**33 - 2, True), (2**33 - 1, False)):
        words = np.array(digits(lower + rest, shifts + 2), np.uint32)
        for library in (THEIRS, range_coder):
            decoder = library.RangeDecoder(words)
            assert decoder.decode(library.Table(at_limits()), 2).tolist() == [0, 1]
            assert decoder.maybe_exhausted() == exhausted


@pytest.mark.parametrize("numbers", [frequencies(Prior(90, 1, 50, 30)), frequencies(Prior(1, 0, 20))], ids=len)
def test_a_carry_through_many_words(numbers: NDArray[np.float64]) -> None:
    """The last symbol decides between 0x7fffffff ffffffff ... and 0x80000000 00000000 ..."""
    middle = np.array([1 << 31, 0], np.uint32)
    straddling = range_coder.RangeDecoder(middle).decode(range_coder.Table(numbers), 1000)
    runs = [(np.append(straddling, np.int32(last)), numbers) for last in (0, len(numbers) - 1)]
    below, above = (check_same([run]).tolist() for run in runs)
    pending = len(below) - 3
    assert pending > 5
    assert below[:pending] == [(1 << 31) - 1, *[(1 << 32) - 1] * (pending - 1)]
    assert above[:pending] == [1 << 31, *[0] * (pending - 1)]


@pytest.mark.parametrize("prior", PRIORS[3:7], ids=str)
def test_both_make_the_same_of_words_that_no_encoder_wrote(prior: Prior) -> None:
    rng, numbers = np.random.default_rng(2), frequencies(prior)
    for size in [*range(4), *[40] * 50]:
        words = rng.integers(0, 1 << 32, size).astype(np.uint32)
        theirs, ours = THEIRS.RangeDecoder(words), range_coder.RangeDecoder(words)
        tables = THEIRS.Table(numbers), range_coder.Table(numbers)
        for _ in range(200):
            assert theirs.maybe_exhausted() == ours.maybe_exhausted()
            try:
                expected = theirs.decode(tables[0], 1)
            except AssertionError:
                with pytest.raises(ValueError, match="quantile"):
                    ours.decode(tables[1], 1)
                break
            np.testing.assert_array_equal(ours.decode(tables[1], 1), expected)


@pytest.mark.parametrize("size", [2, 49, 511])
def test_both_make_the_same_of_words_that_no_encoder_wrote_for_symbols_of_their_own_frequencies(size: int) -> None:
    rng, refused = np.random.default_rng(size), 0
    damaged = np.full(4, (1 << 32) - 1, np.uint32)
    for words in [damaged, *(rng.integers(0, 1 << 32, length).astype(np.uint32) for length in [*range(4), *[40] * 50])]:
        _, numbers = drawn_each(rng, 200, size, 12)
        theirs, ours = THEIRS.RangeDecoder(words), range_coder.RangeDecoder(words)
        for row in range(200):
            try:
                expected = theirs.decode(THEIRS.EACH, numbers[row : row + 1])
            except AssertionError:
                with pytest.raises(ValueError, match="quantile"):
                    ours.decode(range_coder.EACH, numbers[row : row + 1])
                refused += 1
                break
            np.testing.assert_array_equal(ours.decode(range_coder.EACH, numbers[row : row + 1]), expected)
            assert theirs.maybe_exhausted() == ours.maybe_exhausted()
    assert 1 <= refused < 54


def test_symbols_that_no_table_has() -> None:
    encoder, numbers = range_coder.RangeEncoder(), frequencies(Prior(1))
    for symbol in (-1, 3, 4):
        for row in (numbers, np.repeat(numbers[None], 2, 0)):
            with pytest.raises(IndexError):
                put(range_coder, encoder, np.array([0, symbol], np.int32), row)
    assert not len(encoder.get_compressed())


class BothTables:
    """A table of each library."""

    def __init__(self, numbers: NDArray[np.float64]) -> None:
        self.theirs, self.ours = THEIRS.Table(numbers), range_coder.Table(numbers)


class BothOfEach:
    """What stands in each library for tables of each symbol."""

    theirs, ours = THEIRS.EACH, range_coder.EACH


class BothDecoders:
    """Decodes with both libraries, and with ours encodes again what is decoded."""

    finished = 0

    def __init__(self, words: Words) -> None:
        self.words, self.encoder = words, range_coder.RangeEncoder()
        self.theirs, self.ours = THEIRS.RangeDecoder(words), range_coder.RangeDecoder(words)

    def decode(self, tables: BothTables | BothOfEach, count: Any) -> NDArray[np.int32]:
        symbols = self.ours.decode(tables.ours, count)
        np.testing.assert_array_equal(symbols, self.theirs.decode(tables.theirs, count))
        self.encoder.encode(symbols, tables.ours, *([count] if isinstance(tables, BothOfEach) else []))
        return symbols

    def maybe_exhausted(self) -> bool:
        np.testing.assert_array_equal(self.encoder.get_compressed(), self.words)
        assert self.theirs.maybe_exhausted()
        BothDecoders.finished += 1
        return self.ours.maybe_exhausted()


@pytest.mark.parametrize("path", sorted(FOLDER.glob("v*/*.nerv")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_golden_files(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    coder._table.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(coder, "Table", BothTables)
        patch.setattr(coder, "EACH", BothOfEach())
        patch.setattr(coder, "RangeDecoder", BothDecoders)
        patch.setattr(BothDecoders, "finished", 0)
        digest = symbols_digest(read_stream(path.read_bytes()))
        assert BothDecoders.finished
    coder._table.cache_clear()
    assert digest == json.loads((path.parent / "symbols.json").read_text())[path.stem]


def run_without(*arguments: str) -> subprocess.CompletedProcess[str]:
    """`nervc` in a process that cannot import constriction."""
    return subprocess.run([sys.executable, "-c", WITHOUT, *arguments], capture_output=True, text=True, check=True)


def test_nervc_decodes_without_constriction_and_says_so_once(tmp_path: Path) -> None:
    path = str(FOLDER / f"v{VERSION}" / "groups.nerv")
    assert run(["decode", path, "-o", str(tmp_path / "with.y4m"), "-q", "--device", "cpu"]) == 0
    done = run_without("decode", path, "-o", str(tmp_path / "without.y4m"), "--device", "cpu")
    assert [NOTICE in line for line in done.stderr.splitlines()] == [True, False]
    assert (tmp_path / "with.y4m").read_bytes() == (tmp_path / "without.y4m").read_bytes()


def test_nervc_info_needs_no_coder(capsys: pytest.CaptureFixture[str]) -> None:
    path = str(FOLDER / f"v{VERSION}" / "groups.nerv")
    assert run(["info", path]) == 0
    done = run_without("info", path)
    assert done.stdout == capsys.readouterr().out
    assert not done.stderr


def test_nervc_encodes_the_same_bytes_without_constriction(sample: str, tmp_path: Path) -> None:
    options = [*QUICK, "--device", "cpu", "--threads", "1"]
    assert run(["encode", sample, "-o", str(tmp_path / "with.nerv"), "-q", *options]) == 0
    done = run_without("encode", sample, "-o", str(tmp_path / "without.nerv"), *options)
    assert done.stderr.count(NOTICE) == 1
    assert (tmp_path / "with.nerv").read_bytes() == (tmp_path / "without.nerv").read_bytes()
