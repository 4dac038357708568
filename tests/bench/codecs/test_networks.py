"""Our own codec as a codec of a benchmark: options, command lines, figures of a network."""

import shlex

import pytest

from nervcodec.bench.codecs.names import codec_of, find_codec
from nervcodec.bench.codecs.networks import NetworkCodec, command_line
from nervcodec.bitstream.container import read_stream
from nervcodec.cli.encode import encode
from nervcodec.codec.options import EncodeOptions
from nervcodec.codec.stream.layers import layer_configs
from nervcodec.codec.target import Target
from nervcodec.errors import RequestError
from nervcodec.events import Event, StepDone
from nervcodec.metrics.quality import psnr
from nervcodec.models.hnerv.config import HNeRVConfig
from nervcodec.video.view import View
from tests.bench.codecs.material import small_material


def test_a_point_of_ours_is_a_file_that_decodes() -> None:
    material = small_material()
    steps: list[Event] = []
    setting = {"model": "hnerv", "steps": 30, "size": 6000, "recipe": "paper"}
    codec = codec_of("any name", setting, None, steps.append)
    coded = codec.encode(material, setting)
    decoded = codec.decode(material, coded)
    assert decoded.shape == material.clip.shape
    assert float(psnr(decoded, material.clip).mean()) > 10
    assert [step.step for step in steps if isinstance(step, StepDone)][-1] == 30
    assert coded.parameters
    assert coded.macs
    assert coded.command.startswith("nervc encode bunny_1280x720_132f.mp4 -o out.nerv --frames 0:6 --resize 150x75")


def test_multiplications_are_those_of_the_convolutions() -> None:
    material = small_material(64, 32, 2)
    coded = NetworkCodec().encode(material, {"model": "hnerv", "steps": 1, "size": 3000})
    ((config,),) = layer_configs(read_stream(coded.data))
    assert type(config) is HNeRVConfig
    cells = config.content[1] * config.content[2]
    expected = config.content[0] * config.widths[0] * cells
    for c_in, c_out, stride, kernel in zip(
        config.widths, config.widths[1:], config.strides, config.kernels, strict=False
    ):
        expected += c_in * c_out * stride**2 * kernel**2 * cells
        cells *= stride**2
    assert coded.macs == expected + config.widths[-1] * 3 * 9 * cells


def test_curves_go_from_few_bits_to_many() -> None:
    rate = find_codec("dnerv", {"preset": "fast"}).settings(4)
    assert list(rate) == ["quality=35", "quality=45", "quality=55", "quality=65"]
    assert rate["quality=35"] == {"model": "dnerv", "preset": "fast", "quality": 35.0}
    paper = find_codec("sdmn:rep:paper", {}).settings(3)
    assert list(paper) == ["size_factor=0.5", "size_factor=1.189", "size_factor=2.828"]
    assert all(s["block"] == "rep" and s["recipe"] == "paper" for s in paper.values())
    assert find_codec("sdmn:layers3", {}).settings(1) == {"quality=50": {"model": "sdmn", "layers": 3, "quality": 50.0}}


def test_what_does_not_go_together_is_refused_before_any_work() -> None:
    with pytest.raises(RequestError, match="variants"):
        find_codec("hnerv:tuned", {})
    with pytest.raises(RequestError, match="exclude"):
        find_codec("hnerv", {"steps": 5, "epochs": 2.0})


def test_the_command_line_makes_the_same_options() -> None:
    options = EncodeOptions(
        view=View(first=2, stop=9, crop=(64, 32), resize=(32, -2), resize_filter="bicubic"),
        model="dnerv",
        difference_grid=(4, 8),
        target=Target("bpp", 0.02),
        epochs=12.0,
        seed=3,
    )
    words = shlex.split(command_line("a b.mkv", options))
    assert words[:3] == ["nervc", "encode", "a b.mkv"]
    parsed = encode.make_context("encode", words[2:]).params
    assert parsed["frames"] == (2, 9)
    assert parsed["crop"] == (64, 32)
    assert parsed["resize"] == (32, -2)
    assert parsed["difference_grid"] == (8, 4)
    assert (parsed["bpp"], parsed["epochs"], parsed["seed"]) == (0.02, 12.0, 3)
