"""The codecs to compare with: their streams decode to the clip, and all their bytes count."""

import io
from dataclasses import replace
from fractions import Fraction

import av
import pytest
import torch
from av.video.frame import PictureType

from nervcodec.bench.codecs.anchors import AnchorCodec, SeedCodec, anchor_codec
from nervcodec.bench.codecs.encoders import ENCODERS
from nervcodec.bench.codecs.ffmpeg import even, run_encoder
from nervcodec.bench.codecs.material import Codec, Material
from nervcodec.bench.codecs.names import codec_names, find_codec
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import psnr
from nervcodec.picture import FULL, STUDIO, ColourTags
from tests.bench.codecs.material import small_material


@pytest.fixture(scope="module")
def material() -> Material:
    return small_material()


def quality(codec: Codec, material: Material, setting: dict[str, float]) -> tuple[int, float]:
    coded = codec.encode(material, setting)
    decoded = codec.decode(material, coded)
    return len(coded.data), float(psnr(decoded, even(material)).mean())


@pytest.mark.parametrize("name", ["x264", "x265", "svt-av1", "vvenc", "libaom"])
def test_fewer_bits_are_worse(name: str, material: Material) -> None:
    codec = anchor_codec(name, [])
    settings = list(codec.settings(2).values())
    assert len(settings) == 4
    small, large = (quality(codec, material, dict(s)) for s in (settings[0], settings[-1]))
    assert small[0] < large[0] / 4
    assert small[1] + 6 < large[1]
    assert large[1] > 30


@pytest.mark.parametrize(("name", "container"), [("x264", "h264"), ("x265", "hevc")])
def test_the_stream_holds_no_remarks_of_its_encoder(name: str, container: str, material: Material) -> None:
    data = anchor_codec(name, []).encode(material, {"crf": 40}).data
    assert name.encode() not in data
    with av.open(io.BytesIO(data), "r", format=container) as opened:
        assert sum(1 for _ in opened.decode(video=0)) == len(material.clip)


def test_presets_and_tuning_reach_the_encoder(material: Material) -> None:
    commands = [anchor_codec("x265", v).encode(material, {"crf": 40}) for v in ([], ["veryslow", "psnr"])]
    assert "-preset medium -crf 40" in commands[0].command
    assert "-preset veryslow -tune psnr -crf 40" in commands[1].command
    assert commands[0].data != commands[1].data


def test_x264_takes_no_more_bits_on_more_cores() -> None:
    material = small_material(320, 180, 16)
    options = [{"preset": "medium", "crf": "30", "threads": str(threads)} for threads in (1, 2, 6)]
    one, *more = (len(run_encoder(ENCODERS["x264"], material, "yuv420p", chosen).data) for chosen in options)
    assert more == pytest.approx([one, one], rel=0.005)


@pytest.mark.parametrize("name", ["x264", "x265", "svt-av1", "vvenc", "libaom"])
def test_one_distance_between_key_frames(name: str) -> None:
    """Two seconds that hold still have one key frame, as the distance is 250 frames."""
    still = small_material(96, 64, 1)
    material = replace(still, clip=still.clip.repeat(50, 1, 1, 1))
    codec = find_codec(name, {})
    assert isinstance(codec, AnchorCodec)
    coded = codec.encode(material, {codec.encoder.rate_option: codec.encoder.rates[0]})
    assert (" -period 10 " if name == "vvenc" else " -g 250 ") in f"{coded.command} "
    with av.open(io.BytesIO(coded.data), "r", format=codec.encoder.container) as container:
        assert sum(frame.pict_type == PictureType.I for frame in container.decode(video=0)) == 1


def test_seconds_between_key_frames_follow_the_frame_rate() -> None:
    periods = [ENCODERS["vvenc"].keys(Fraction(rate))["period"] for rate in (5, 25, 120)]
    assert periods == ["50", "10", "3"]


def test_vvenc_is_tuned_by_leaving_perception_out(material: Material) -> None:
    plain, tuned = (anchor_codec("vvenc", variants).encode(material, {"qp": 34}) for variants in ([], ["psnr"]))
    assert "-qpa 0" in tuned.command
    assert tuned.data != plain.data


@pytest.mark.parametrize("name", ["x264", "x265"])
def test_the_seeds_command_has_the_better_of_its_two_pixel_formats(name: str, material: Material) -> None:
    codec = anchor_codec(name, ["seed"])
    assert isinstance(codec, SeedCodec)
    coded = codec.encode(material, {"bpp": 0.3})
    no_b_frames = {"bf": "0"} if name == "x264" else {"x265-params": "bframes=0"}
    options = {"preset": "medium", **no_b_frames, "b": f"{0.3 * 150 * 75 * 25:.0f}", "threads": "4"}
    literal = "yuv444p" if name == "x264" else "gbrp"
    tried = [run_encoder(ENCODERS[name], material, pixels, options) for pixels in ("yuv420p", literal)]
    qualities = [float(psnr(codec.decode(material, one), even(material)).mean()) for one in tried]
    best = tried[qualities.index(max(qualities))]
    assert abs(qualities[0] - qualities[1]) > 0.01
    assert (coded.data, coded.command, coded.conversion) == (best.data, best.command, best.conversion)
    assert f"-b:v {options['b']}" in coded.command


@pytest.mark.parametrize("name", ["x264", "svt-av1", "libaom", "vvenc"])
@pytest.mark.parametrize("colour", [ColourTags(matrix=1, sample_range=STUDIO), ColourTags(matrix=5, sample_range=FULL)])
def test_colours_come_back_by_the_matrix_and_range_they_went_by(
    name: str, colour: ColourTags, material: Material
) -> None:
    codec = anchor_codec(name, [])
    rate = {codec.encoder.rate_option: codec.encoder.rates[1]}  # type: ignore[union-attr]
    tagged = replace(material, video=replace(material.video, colour=colour))
    sizes, qualities = zip(*(quality(codec, one, rate) for one in (material, tagged)), strict=True)
    assert qualities[1] == pytest.approx(qualities[0], abs=0.6)
    assert sizes[1] == pytest.approx(sizes[0], rel=0.4)


def test_sources_of_rgb_are_coded_by_bt709(material: Material) -> None:
    codec = anchor_codec("x264", [])
    rgb = replace(material, video=replace(material.video, chroma="rgb", colour=ColourTags(sample_range=FULL)))
    coded = codec.encode(rgb, {"crf": 30})
    assert coded.conversion == "coded as yuv420p, matrix BT.709, studio range"
    assert "out_color_matrix=bt709:out_range=tv" in coded.command


def test_what_an_encoder_says_of_what_it_refuses_is_passed_on(material: Material) -> None:
    with pytest.raises(RequestError, match="libx264: Error setting preset/tune sloow"):
        run_encoder(ENCODERS["x264"], material, "yuv420p", {"preset": "sloow"})


def test_pictures_that_an_encoder_is_not_made_for_are_refused_before_it_starts() -> None:
    with pytest.raises(RequestError, match="libx265 is given pictures of 64 pixels a side and more, not of 96x48"):
        find_codec("x265", {}).encode(small_material(96, 48, 1), {"crf": 30})


def test_ten_bits_become_rgb_as_eight_do() -> None:
    """Sharp edges of colour, which two ways to double the size of chroma would make of very different quality."""
    still = small_material(128, 96, 1)
    checks = 255 * (torch.arange(96)[:, None] // 4 + torch.arange(128) // 4 & 1).byte()
    clip = torch.stack([checks, 255 - checks, torch.zeros_like(checks)])[None].repeat(2, 1, 1, 1)
    material = replace(still, clip=clip, video=replace(still.video, chroma="rgb"))
    settings: dict[str, dict[str, float]] = {"vvenc": {"qp": 10}, "libaom": {"crf": 5}}
    qualities = [quality(anchor_codec(name, []), material, setting)[1] for name, setting in settings.items()]
    assert qualities[0] == pytest.approx(qualities[1], abs=1.5)


UNKNOWN = ["x266", "x265:seed:psnr", "x264:sloow", "libaom:psnr", "hevc-single:fast", "dnerv:huge"]


@pytest.mark.parametrize("name", UNKNOWN)
def test_names_that_are_not_known_are_refused(name: str) -> None:
    with pytest.raises(RequestError):
        find_codec(name, {})


def test_names_say_what_there_is() -> None:
    assert {"dnerv", "hnerv", "sdmn", "x264", "x265", "svt-av1", "vvenc", "libaom", "shvc"} <= set(codec_names())
    for name in set(codec_names()) - {"shvc"}:
        assert len(find_codec(name, {}).settings(3)) >= 3
    with pytest.raises(RequestError, match="--shm-encoder"):
        find_codec("shvc", {})
