"""The codecs to compare with: what they code comes back, and all of it counts."""

import io

import av
import pytest

from nervcodec.bench.codecs.anchors import SeedCodec, anchor_codec, decode_elementary, even
from nervcodec.bench.codecs.material import Codec, Material
from nervcodec.bench.codecs.names import codec_names, find_codec
from nervcodec.errors import RequestError
from nervcodec.metrics.quality import psnr
from tests.bench.codecs.material import small_material


@pytest.fixture(scope="module")
def material() -> Material:
    return small_material()


def quality(codec: Codec, material: Material, setting: dict[str, float]) -> tuple[int, float]:
    coded = codec.encode(material, setting)
    decoded = codec.decode(material, coded)
    return len(coded.data), float(psnr(decoded, even(material.clip)).mean())


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


def test_the_seeds_command_has_the_better_of_its_two_pixel_formats(material: Material) -> None:
    codec = anchor_codec("x265", ["seed"])
    assert isinstance(codec, SeedCodec)
    coded = codec.encode(material, {"bpp": 0.3})
    assert "bframes=0" in coded.command
    assert f"-b:v {round(0.3 * 150 * 75 * 25)}" in coded.command
    assert decode_elementary(coded.data, "hevc").shape == (6, 3, 76, 150)
    assert ("gbrp" in coded.command) == (coded.conversion == "coded as RGB")


UNKNOWN = ["x266", "x265:seed:psnr", "x264:sloow", "vvenc:psnr", "hevc-single:fast", "dnerv:huge"]


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
