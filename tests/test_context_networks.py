"""Networks that `benchmarks.context_networks` learns."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from benchmarks import context_networks
from benchmarks.context_learning import Symbols, build_learners, cells_and_copies, check
from benchmarks.context_networks import Example, Plan, as_json, bits_with, learn_sets
from nervcodec.entropy import mixing
from nervcodec.entropy.coder import SymbolDecoder, SymbolEncoder
from nervcodec.entropy.forms import MIXING_BITS
from nervcodec.entropy.networks import networks, networks_of

GOLDEN = Path(__file__).parent / "golden" / "v9"


@pytest.fixture(scope="module")
def symbols() -> Symbols:
    """Smooth cells that change slowly."""
    rng = np.random.default_rng(0)
    waves = np.add.outer(np.sin(np.arange(12) / 3), np.cos(np.arange(16) / 4))
    return np.round(6 * waves + np.cumsum(rng.normal(0, 0.5, (5, 2, 12, 16)), axis=0)).astype(np.int32)


def test_learning_takes_bits_off_and_repeats(symbols: Symbols, monkeypatch: pytest.MonkeyPatch) -> None:
    examples = [Example("a", "difference", symbols, 5000.0), Example("a", "content", symbols[:, :, ::2], 3000.0)]
    before = build_learners(cells_and_copies(symbols, 1.0, 0), 8, 0)
    sets = learn_sets(examples, Plan(sets=2, hidden=8, steps=60))
    assert bits_with(sets[0], symbols) < 0.8 * bits_with(tuple(one.whole() for one in before), symbols)
    assert as_json(learn_sets(examples, Plan(sets=2, hidden=8, steps=60))) == as_json(sets)

    monkeypatch.setattr(mixing, "networks", lambda: networks_of(as_json(sets)))
    chosen = mixing.cheapest_mixing(symbols)
    assert chosen is not None
    own, bits = chosen
    assert bits + MIXING_BITS == pytest.approx(min(bits_with(one, symbols) for one in sets))
    encoder = SymbolEncoder()
    mixing.encode_cells(encoder, symbols, own)
    data = encoder.getvalue()
    assert 8 * len(data) == pytest.approx(bits, rel=0.02, abs=64)
    assert np.array_equal(mixing.decode_cells(SymbolDecoder(data), symbols.shape, own), symbols)


def test_the_command_learns_from_some_files_and_measures_on_others(tmp_path: Path) -> None:
    files = [str(GOLDEN / f"{name}.nerv") for name in ("segments", "dnerv")]
    output, record = tmp_path / "networks.json", tmp_path / "record.json"
    options = ["--sets", "2", "--hidden", "4", "--steps", "6", "--leave-out", "dnerv"]
    result = CliRunner().invoke(
        context_networks.main, [*files, "-o", str(output), *options, "--record", str(record)], catch_exceptions=False
    )
    assert result.exit_code == 0
    assert "mean ratio of tensors left out: all " in result.stdout
    assert [len(one) for one in networks_of(output.read_text())] == [3, 3]
    points = json.loads(record.read_text())["results"]["points"]
    assert {(p["file"], p["learned"]) for p in points} == {("segments.nerv", True), ("dnerv.nerv", False)}


def test_networks_in_the_package_are_exact_and_larger_ones_are_refused() -> None:
    for network in (network for one in networks() for network in one):
        check(network)
    with pytest.raises(ValueError, match="sums of a network reach"):
        check(replace(networks()[0][0], outer=networks()[0][0].outer * 64))
