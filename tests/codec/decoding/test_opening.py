import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader

import nervcodec
from nervcodec.bitstream.container import read_stream
from nervcodec.codec.decoding.access import FrameAccess
from nervcodec.codec.decoding.kept import Kept
from nervcodec.codec.decoding.renderer import Renderer
from nervcodec.errors import BitstreamError, CorruptStream, RequestError, TruncatedStream, VideoError
from nervcodec.video.reader import read_frames
from nervcodec.video.view import View
from tests.golden.make import FOLDER, shown_frames

NAMES = ["v3/ffnerv", "v3/layers", "v3/sdmn", "v4/timeline", "v5/depth", "v7/groups", "v8/groups"]
NAMES += [f"v10/{name}" for name in ("dnerv", "groups", "mixed", "planes", "segments")]
GROUPS, SEGMENTS = str(FOLDER / "v10" / "groups.nerv"), str(FOLDER / "v10" / "segments.nerv")


def shown(path: str) -> Tensor:
    """All frames of a file as a decode makes them, samples of the file."""
    return shown_frames(read_stream(Path(path).read_bytes()))


@pytest.mark.parametrize("cache_bytes", [0, 1 << 16, 1 << 30])
@pytest.mark.parametrize("name", NAMES)
def test_frames_in_any_order_are_bit_for_bit_those_of_a_decode(name: str, cache_bytes: int) -> None:
    path = str(FOLDER / f"{name}.nerv")
    frames = shown(path)
    order = Random(1).sample(range(len(frames)), len(frames))
    with nervcodec.open(path, domain="file", cache_bytes=cache_bytes) as video:
        assert len(video) == len(frames)
        assert video[order[0]].dtype == frames.dtype
        for number in order:
            assert torch.equal(video[number], frames[number])
        assert torch.equal(video[order[:3]], frames[order[:3]])
        assert torch.equal(torch.stack(list(video)), frames)


@pytest.mark.parametrize("name", ["v10/dnerv", "v5/depth", "v10/planes", "v10/groups", "v4/timeline"])
def test_rgb_is_that_of_decoded_images(name: str, tmp_path: Path) -> None:
    path = str(FOLDER / f"{name}.nerv")
    nervcodec.decode(path, str(tmp_path / "frames" / "%d.png"))
    depth = read_stream(Path(path).read_bytes()).header.video.depth
    with read_frames(str(tmp_path / "frames"), View(domain="rgb", depth=depth)) as images:
        expected = torch.stack([torch.from_numpy(image).permute(2, 0, 1) for image in images.frames])
    with nervcodec.open(path) as video:
        assert video.size == (expected.shape[3], expected.shape[2])
        assert torch.equal(video[:], expected)


def test_layers_are_those_of_a_shorter_file(tmp_path: Path) -> None:
    nervcodec.extract(GROUPS, str(tmp_path / "base.nerv"), layers=1)
    with nervcodec.open(GROUPS, layers=1, domain="file") as video:
        assert torch.equal(video[:], shown(str(tmp_path / "base.nerv")))
    with pytest.raises(RequestError, match="layer 3 is asked for"):
        nervcodec.open(GROUPS, layers=3)


def test_numbers_slices_and_lists() -> None:
    with nervcodec.open(SEGMENTS) as video:
        frames = video[:]
        assert frames.shape == (12, 3, 25, 46)
        assert torch.equal(video[-1], frames[11])
        assert torch.equal(video[8:2:-3], frames[[8, 5]])
        assert torch.equal(video[[7, -12, 7]], frames[[7, 0, 7]])
        assert video[[]].shape == video[3:3].shape == (0, 3, 25, 46)
        for number in (12, -13):
            with pytest.raises(IndexError, match=f"no frame {number} among 12"):
                video[number]


def test_frames_from_a_time_to_another() -> None:
    with nervcodec.open(GROUPS) as video:
        assert video.rate == 25
        assert video.times == tuple(Fraction(number, 25) for number in range(14))
        for time in video.times[1], float(video.times[1]):
            assert torch.equal(torch.stack(list(video.frames(time, 0.2))), video[1:5])
        with pytest.raises(RequestError, match="no frame is shown at"):
            video.frames(start=14)


def test_what_is_returned_is_a_copy_that_can_be_changed() -> None:
    with nervcodec.open(SEGMENTS) as video:
        first = video[0].clone()
        for frame in (video[0], next(iter(video)), video[:1]):
            frame.zero_()
        assert torch.equal(video[0], first)


def test_networks_and_frames_are_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []
    init, call = Renderer.__init__, Renderer.__call__

    def unpacked(self: Renderer, *arguments: Any, **options: Any) -> None:
        made.append("networks")
        init(self, *arguments, **options)

    def rendered(self: Renderer, times: Tensor) -> Tensor:
        made.append("batch")
        return call(self, times)

    monkeypatch.setattr(Renderer, "__init__", unpacked)
    monkeypatch.setattr(Renderer, "__call__", rendered)
    with nervcodec.open(SEGMENTS) as video:
        assert not made
        video[5]
        assert made == ["networks", "batch"]
        for number in Random(2).choices(range(12), k=40):
            video[number]
    assert sorted(made) == ["batch"] * 3 + ["networks"] * 3


def test_what_is_kept_stays_within_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = []
    keep = Kept.keep

    def spy(self: Kept, key: Any, value: Any, size: int) -> None:
        keep(self, key, value, size)
        sizes.append(self.size)

    monkeypatch.setattr(Kept, "keep", spy)
    for limit in (30_000, 100_000):
        sizes.clear()
        access = FrameAccess(read_stream(Path(GROUPS).read_bytes()), "cpu", limit)
        for number in Random(3).choices(range(14), k=30):
            list(access.found([number]))
        assert limit / 2 < max(sizes) <= limit


def test_the_values_used_longest_ago_are_given_up_first() -> None:
    kept = Kept(10)
    for key in "abc":
        kept.keep(key, key.upper(), 3)
    assert kept.get("a") == "A"
    kept.keep("d", "D", 4)
    assert [kept.get(key) for key in "abcd"] == ["A", None, "C", "D"]
    assert kept.size == 10
    kept.keep("e", "E", 11)
    assert kept.get("e") is None
    assert kept.size == 0


def test_the_size_of_a_renderer_is_that_of_all_that_it_holds() -> None:
    access = FrameAccess(read_stream(Path(SEGMENTS).read_bytes()), "cpu", 1 << 30)
    list(access.found([0]))
    renderer = access.kept.get(("renderer", 0))
    held: set[int] = set()
    total = 0
    for module in renderer.networks[0][0].modules():
        found = [value for value in vars(module).values() if isinstance(value, Tensor)]
        found += [
            tensor for value in vars(module).values() if isinstance(value, list) for row in value for tensor in row
        ]
        for tensor in (*found, *module.parameters(recurse=False), *renderer.networks[0][1].values()):
            if id(tensor) not in held:
                held.add(id(tensor))
                total += tensor.untyped_storage().nbytes()
    assert renderer.size == pytest.approx(total, rel=0.01)


def test_threads_share_a_video() -> None:
    frames = shown(GROUPS)
    with nervcodec.open(GROUPS, domain="file", cache_bytes=100_000) as video, ThreadPoolExecutor(4) as pool:
        numbers = Random(4).choices(range(14), k=60)
        for number, frame in zip(numbers, pool.map(video.__getitem__, numbers), strict=True):
            assert torch.equal(frame, frames[number])


def test_a_pickled_video_opens_its_file_again() -> None:
    with nervcodec.open(GROUPS, layers=1, domain="file") as video:
        with pickle.loads(pickle.dumps(video)) as copy:
            assert torch.equal(copy[3], video[3])
        assert torch.equal(video[4:6], shown_frames(read_stream(Path(GROUPS).read_bytes(), 1))[4:6])


@pytest.mark.parametrize("way", sorted({"fork", "spawn"} & set(multiprocessing.get_all_start_methods())))
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_workers_of_a_data_loader_read_what_this_process_reads(way: str) -> None:
    with nervcodec.open(GROUPS, device="cpu") as video:
        frames = video[:]
        data: Any = video
        loader = DataLoader[Tensor](data, batch_size=5, num_workers=2, multiprocessing_context=way)
        assert torch.equal(torch.cat(list(loader)), frames)
        assert torch.equal(video[:], frames)


def test_a_closed_video_says_so() -> None:
    video = nervcodec.open(SEGMENTS)
    begun = video.frames()
    next(begun)
    video.close()
    video.close()
    for use in (lambda: video[0], lambda: len(video), lambda: next(begun), lambda: video.size):
        with pytest.raises(RequestError, match=r"segments\.nerv has been closed"):
            use()


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    data = Path(SEGMENTS).read_bytes()
    cut, damaged = tmp_path / "cut.nerv", tmp_path / "damaged.nerv"
    cut.write_bytes(data[:-100])
    damaged.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(VideoError, match=r"missing\.nerv: No such file"):
        nervcodec.open(str(tmp_path / "missing.nerv"))
    with pytest.raises(TruncatedStream, match=r"cut\.nerv: "):
        nervcodec.open(str(cut))
    with nervcodec.open(str(damaged)) as video, nervcodec.open(SEGMENTS) as whole:
        for _ in range(2):
            with pytest.raises(CorruptStream, match=r"damaged\.nerv: "):
                video[11]
            assert torch.equal(video[5], whole[5])
        with pytest.raises(BitstreamError, match=r"damaged\.nerv: "):
            list(video)


@pytest.mark.parametrize(
    "options",
    [{"domain": "yuv420"}, {"device": "tpu"}, {"cache_bytes": -1}, {"layers": 0}],
    ids=lambda o: next(iter(o)),
)
def test_values_that_make_no_sense(options: dict[str, Any]) -> None:
    with pytest.raises(RequestError):
        nervcodec.open(SEGMENTS, **options)


@pytest.mark.gpu
@pytest.mark.parametrize("domain", ["rgb", "file"])
@pytest.mark.parametrize("path", [GROUPS, SEGMENTS])
def test_frames_stay_on_the_gpu(path: str, domain: Any) -> None:
    with (
        nervcodec.open(path, device="cuda", domain=domain) as video,
        nervcodec.open(path, device="cpu", domain=domain) as other,
    ):
        batch = video[[9, 2]]
        assert batch.device.type == "cuda"
        assert (batch.cpu().int() - other[[9, 2]].int()).abs().float().mean() < 1
    if domain == "file":
        frames = shown(path)
        assert torch.equal(batch.cpu(), frames[[9, 2]])
