"""Files of every format version ever released decode for ever, to the same integers and nearly the same pixels."""

import json
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

import nervcodec
from nervcodec.bitstream.container import read_stream, write_stream
from nervcodec.bitstream.format import VERSION
from nervcodec.codec.decoding.frames import decode_frames
from tests.golden.make import EARLY, FOLDER, shown_frames, symbols_digest
from tests.video.test_offsets import sound_after_pictures

FILES = sorted(FOLDER.glob("v*/*.nerv"))


def test_the_current_version_has_golden_files() -> None:
    assert {path.parent.name for path in FILES} == {f"v{version}" for version in range(1, VERSION + 1)}


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_golden_file(path: Path) -> None:
    stream = read_stream(path.read_bytes())
    assert symbols_digest(stream) == json.loads((path.parent / "symbols.json").read_text())[path.stem]
    kept = np.load(path.with_suffix(".npz"), allow_pickle=False)
    for kind, expected in kept.items():
        frames = torch.cat(list(decode_frames(stream))) if kind == "frames" else shown_frames(stream)
        difference = np.abs(frames.int().numpy() - expected.astype(int))
        assert difference.max() <= 1
        assert (difference > 0).mean() <= 0.001
    if path.parent.name == f"v{VERSION}":
        assert write_stream(stream) == path.read_bytes()


@pytest.mark.parametrize(
    ("version", "way", "positions", "filtered"),
    [(7, 1, (0, 3, 6), False), (8, 2, (0, 3, 6, 7, 10, 13), True), (9, 3, (0, 3, 6, 7, 10, 13), True)],
)
def test_a_file_of_groups_shows_all_frames(
    version: int, way: int, positions: tuple[int, ...], filtered: bool, tmp_path: Path
) -> None:
    path = FOLDER / f"v{version}" / "groups.nerv"
    header = read_stream(path.read_bytes()).header
    assert (header.way, header.times.positions, any(map(any, header.filters))) == (way, positions, filtered)
    assert nervcodec.decode(str(path), str(tmp_path / "a.y4m")).frames == positions[-1] + 1
    corrections = [chunk.group_bytes.get("corrections", 0) for chunk in nervcodec.probe(str(path)).chunks]
    assert any(corrections) == (way == 3)


@pytest.mark.parametrize("version", [5, 6])
@pytest.mark.parametrize("suffix", [".mkv", ".mp4"])
def test_early_sound_of_files_is_in_step(version: int, suffix: str, tmp_path: Path) -> None:
    """The priming of Opus lies before the sound."""
    target = tmp_path / f"a{suffix}"
    nervcodec.decode(str(FOLDER / f"v{version}" / "early.nerv"), str(target))
    first, _, count = sound_after_pictures(target)
    assert EARLY <= -first <= EARLY + Fraction(28, 1000)
    assert count == 101
