"""Data sets are found in each layout in which they are distributed, as a whole or not at all."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from nervcodec.bench.data.catalogue import BUNNY, DATASETS, DAVIS, MCL_JCV, UVG, DataSet, Known, name_key
from nervcodec.bench.data.datasets import find_clips, find_known, find_sequences
from nervcodec.bench.data.protocols import protocol_view
from nervcodec.bench.data.sequence import Sequence, check_frames
from nervcodec.errors import RequestError, VideoError
from nervcodec.picture import VideoFormat
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from nervcodec.video.writer import write_frames

WIDTH, HEIGHT = 16, 8
SMALL = replace(UVG, sequences=tuple(replace(one, frames=3 if one.name == "ShakeNDry" else 4) for one in UVG.sequences))
Clip = Callable[[Path, list[int]], None]


def levels(sequence: int, frames: int) -> list[int]:
    """The grey of each frame of a sequence; all frames of all sequences differ."""
    return [20 + 30 * sequence + 4 * frame for frame in range(frames)]


def write_yuv(path: Path, greys: list[int]) -> None:
    """Write raw 4:2:0 planes of studio range, whose greys survive within the tolerance of `check_content`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    lumas = [round(16 + grey * 219 / 255) for grey in greys]
    path.write_bytes(b"".join(bytes([y]) * WIDTH * HEIGHT + bytes([128]) * (WIDTH * HEIGHT // 2) for y in lumas))


def write_video(path: Path, greys: list[int]) -> None:
    """Write a video of grey frames with `write_frames`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with write_frames(str(path), VideoFormat(width=WIDTH, height=HEIGHT, frame_rate=Fraction(30))) as sink:
        for grey in greys:
            sink(np.full((HEIGHT, WIDTH, 3), grey, np.uint8))


def grey_of(sequence: Sequence, view: View | None = None) -> list[float]:
    """The mean of each frame of a sequence, seen through a view."""
    with read_frames(sequence.source, view or protocol_view("full", sequence)) as video:
        return [float(frame.mean()) for frame in video.frames]


def check_content(found: list[Sequence], known: DataSet = SMALL) -> None:
    """Check that all frames found are those of the right sequence, in order."""
    assert [sequence.name for sequence in found] == [one.name for one in known.sequences]
    for index, (sequence, one) in enumerate(zip(found, known.sequences, strict=True)):
        assert sequence.frames == one.frames
        assert sequence.frame_rate == one.rate
        assert grey_of(sequence) == pytest.approx(levels(index, one.frames), abs=2)


LAYOUTS: dict[str, Callable[[Path, str, list[int]], None]] = {
    "raw": lambda root, name, greys: write_yuv(root / f"{name}_{WIDTH}x{HEIGHT}_120fps_420_8bit_YUV.yuv", greys),
    "raw of Cool-chic": lambda root, name, greys: write_yuv(root / f"{name}_{WIDTH}x{HEIGHT}_24p_yuv420_8b.yuv", greys),
    "raw, extracted": lambda root, name, greys: write_yuv(
        root / f"{name}_{WIDTH}x{HEIGHT}_120fps_420_8bit_YUV_RAW" / f"{name}_{WIDTH}x{HEIGHT}_120fps.yuv", greys
    ),
    "y4m": lambda root, name, greys: write_video(root / f"{name.upper()}.y4m", greys),
    "mkv": lambda root, name, greys: write_video(root / "UVG" / f"{name.lower()}.mkv", greys),
    "mp4": lambda root, name, greys: write_video(root / f"{name}_1080p.mp4", greys),
    "images": lambda root, name, greys: write_video(root / name / "%04d.png", greys),
    "images of Boosting-NeRV": lambda root, name, greys: write_video(
        root / f"{name}_{WIDTH}x{HEIGHT}_120" / "%03d.png", greys
    ),
    "images, a level down": lambda root, name, greys: write_video(
        root / "1080p" / f"{name}_{WIDTH}x{HEIGHT}_120fps_420_8bit_YUV" / "im%05d.png", greys
    ),
}


@pytest.mark.parametrize("layout", LAYOUTS)
def test_every_layout_of_uvg(tmp_path: Path, layout: str) -> None:
    aliases = {"ReadySteadyGo": "ReadySetGo", "Bosphorus": "bosphore"}
    for index, one in enumerate(SMALL.sequences):
        LAYOUTS[layout](tmp_path, aliases.get(one.name, one.name), levels(index, one.frames))
    (tmp_path / "notes.txt").write_text("no video")
    (tmp_path / "cover.png").write_text("no frame of anything")
    check_content(find_known(SMALL, tmp_path))


@pytest.mark.parametrize("below", [".", "frames"])
def test_all_frames_in_one_folder(tmp_path: Path, below: str) -> None:
    greys = [grey for index, one in enumerate(SMALL.sequences) for grey in levels(index, one.frames)]
    (tmp_path / below).mkdir(exist_ok=True)
    write_video(tmp_path / below / "%04d.png", greys)
    found = find_known(SMALL, tmp_path)
    check_content(found)
    assert [sequence.first for sequence in found] == [0, 4, 8, 12, 16, 20, 23]
    assert f"images 24 to 27 of the 27 in {tmp_path / below}" in found[-1].where
    shake = find_known(SMALL, tmp_path, ("shake",))[0]
    view = protocol_view("full", shake, View(first=1, stop=9))
    assert grey_of(shake, view) == levels(5, 3)[1:]
    (tmp_path / below / "0001.png").unlink()
    with pytest.raises(VideoError, match="missing Beauty, Bosphorus"):
        find_known(SMALL, tmp_path)


def test_everything_that_is_wrong_is_in_one_error(tmp_path: Path) -> None:
    for index, one in enumerate(SMALL.sequences):
        write_video(tmp_path / one.name / "%04d.png", levels(index, one.frames))
    (tmp_path / "Jockey" / "0004.png").unlink()
    (tmp_path / "YachtRide").rename(tmp_path / "Yachts")
    write_yuv(tmp_path / f"Beauty_{WIDTH}x{HEIGHT}.yuv", [1] * 4)
    (tmp_path / f"Bosphorus_{WIDTH}x{HEIGHT}.yuv").write_bytes(b"too short")
    write_video(tmp_path / "HoneyBee.mkv", [1] * 4)
    write_video(tmp_path / "Honey.mp4", [1] * 4)
    with pytest.raises(VideoError) as caught:
        find_known(SMALL, tmp_path)
    for part in (
        "missing YachtRide",
        f"Jockey has 3 frames, not 4 ({tmp_path / 'Jockey'})",
        "9 bytes are no whole number of frames",
        "HoneyBee is found more than once",
        "ultravideo.fi",
    ):
        assert part in str(caught.value)
    assert "Beauty" not in str(caught.value).replace(str(tmp_path), "")
    two = find_known(SMALL, tmp_path, ("readysetgo", "BEAUTY", "Ready"))
    assert [sequence.name for sequence in two] == ["ReadySteadyGo", "Beauty"]
    assert two[1].where.startswith("raw planes in")
    with pytest.raises(RequestError, match=r"uvg has no Yacht2, Nobody; it has Beauty, .*YachtRide"):
        find_known(SMALL, tmp_path, ("Yacht2", "Beauty", "Nobody"))


@pytest.mark.parametrize("frames", [2, 5])
def test_a_container_without_a_count_is_counted(tmp_path: Path, frames: int) -> None:
    write_video(tmp_path / "Beauty.mkv", levels(0, frames))
    with pytest.raises(VideoError, match=f"Beauty has {frames} frames, not 4"):
        find_known(SMALL, tmp_path, ("Beauty",))
    assert find_clips(tmp_path)[0].frames == frames


def test_what_decodes_to_fewer_frames_is_found_when_it_is_read(tmp_path: Path) -> None:
    write_video(tmp_path / "Beauty.mkv", levels(0, 4))
    beauty = find_known(SMALL, tmp_path, ("Beauty",))[0]
    view = protocol_view("full", beauty)
    check_frames(beauty, view, len(grey_of(beauty, view)))
    with pytest.raises(VideoError, match="Beauty gave 3 frames where 4 were expected"):
        check_frames(beauty, view, 3)


def small_davis() -> DataSet:
    """DAVIS with three sequences of two frames; one of the sequences is taken by name only."""
    one, two, other = (
        Known("car-roundabout", 2, Fraction(24), ("car-round",)),
        Known("cows", 2, Fraction(24)),
        DAVIS.optional[0],
    )
    return replace(DAVIS, sequences=(one, two), optional=(replace(other, frames=2),))


@pytest.mark.parametrize("start", [".", "DAVIS", "DAVIS/JPEGImages", "DAVIS/JPEGImages/Full-Resolution"])
def test_the_folders_of_davis(tmp_path: Path, start: str) -> None:
    images = tmp_path / "DAVIS" / "JPEGImages"
    for index, name in enumerate(("car-roundabout", "cows", "bear")):
        write_video(images / "480p" / name / "%05d.png", [9, 9])
        write_video(images / "Full-Resolution" / name / "%05d.png", levels(index, 2))
    write_video(tmp_path / "DAVIS" / "Annotations" / "1080p" / "cows" / "%05d.png", [9, 9])
    known = small_davis()
    check_content(find_known(known, tmp_path / start), known)
    assert grey_of(find_known(known, tmp_path / start, ("Bear",))[0]) == levels(2, 2)
    lower = find_known(known, images / "480p", ("Car-round",))[0]
    assert lower.name == "car-roundabout"
    assert grey_of(lower) == [9, 9]


def test_the_sample_needs_no_data(sample: str) -> None:
    bunny = find_sequences("Bunny")[0]
    assert (bunny.name, bunny.frames) == ("Bunny", 132)
    assert bunny.frame_rate == 25
    assert Path(bunny.source).read_bytes() == Path(sample).read_bytes()
    assert (bunny.format.width, bunny.format.height) == (1280, 720)


def test_a_folder_of_clips(tmp_path: Path) -> None:
    write_video(tmp_path / "uvg_jockey_512x512_48f.mkv", [5, 6])
    write_video(tmp_path / "davis16_bmx-trees_854x480_80f" / "%05d.png", [7, 8, 9])
    write_yuv(tmp_path / f"BQSquare_{WIDTH}x{HEIGHT}_60.yuv", [10])
    write_video(tmp_path / "a_16x8.mkv", [1])
    write_video(tmp_path / "a_32x16.mkv", [1])
    (tmp_path / "README.md").write_text("no clip")
    found = find_sequences(str(tmp_path))
    assert [(one.name, one.frames) for one in found] == [
        ("BQSquare", 1),
        ("a_16x8.mkv", 1),
        ("a_32x16.mkv", 1),
        ("davis16_bmx-trees", 3),
        ("uvg_jockey", 2),
    ]
    assert found[0].frame_rate == 60
    named = find_sequences(tmp_path.name, tmp_path.parent, ("UVG_jockey", "a_16x8.mkv"))
    assert [one.name for one in named] == ["uvg_jockey", "a_16x8.mkv"]
    assert grey_of(named[0]) == pytest.approx([5, 6])
    with pytest.raises(RequestError, match="has no b; it has BQSquare, "):
        find_clips(tmp_path, ("b",))
    assert [one.name for one in find_clips(tmp_path / "davis16_bmx-trees_854x480_80f")] == ["davis16_bmx-trees"]
    (tmp_path / "broken.mp4").write_text("no video")
    with pytest.raises(VideoError, match=r"broken\.mp4"):
        find_clips(tmp_path)


def test_what_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="uvgg is no data set"):
        find_sequences("uvgg", tmp_path)
    with pytest.raises(RequestError, match="uvg needs --root"):
        find_sequences("UVG")
    with pytest.raises(VideoError, match=r"no such folder.*usc\.edu"):
        find_sequences("MCL_JCV", tmp_path / "nowhere")
    with pytest.raises(VideoError, match=r"missing Beauty.*ultravideo\.fi"):
        find_sequences("uvg", tmp_path)
    with pytest.raises(VideoError, match=r"missing blackswan.*davischallenge\.org"):
        find_sequences("davis", tmp_path)
    with pytest.raises(VideoError, match="neither video files nor"):
        find_sequences(str(tmp_path))


def test_what_the_publishers_say() -> None:
    assert [sum(one.frames for one in known.sequences) for known in (BUNNY, UVG)] == [132, 3900]
    assert len(DAVIS.sequences) == 22
    assert sum(one.frames for one in DAVIS.sequences + DAVIS.optional) == 3455
    assert [(one.name, one.frames) for one in MCL_JCV.sequences[3:6:2]] == [("videoSRC04", 150), ("videoSRC06", 125)]
    assert [one.name for one in UVG.sequences] == sorted(one.name for one in UVG.sequences)
    for known in DATASETS.values():
        keys = [key for one in known.sequences + known.optional for key in one.keys]
        assert len(keys) == len(set(keys))
    assert name_key("videoSRC01_1920x1080_30") == name_key("VideoSRC01")
