"""Coding of clips by encoders of FFmpeg: in this process through PyAV, or by an ffmpeg program where PyAV has none."""

import os
import shlex
import subprocess
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from time import monotonic

import torch
from torch import Tensor

from nervcodec.bench.codecs.encoders import Encoder
from nervcodec.bench.codecs.material import Coded, Material
from nervcodec.errors import RequestError, VideoError
from nervcodec.metrics.vmaf import ffmpeg_with
from nervcodec.picture import CHANNELS, FULL, STUDIO, ColourTags, VideoFormat
from nervcodec.video.colour import Frame, describe_tags
from nervcodec.video.elementary import Coding, read_elementary, write_elementary
from nervcodec.video.muxing import FFMPEG_RANGES
from nervcodec.video.writer import write_frames

BT709 = ColourTags(primaries=1, transfer=1, matrix=1, sample_range=STUDIO)
SWSCALE_NAMES = {1: "bt709", 4: "fcc", 7: "smpte240m", 9: "bt2020", 10: "bt2020"}
"""swscale's names of H.273 matrices; any other matrix is bt601."""


def run_encoder(encoder: Encoder, material: Material, pixels: str, options: Mapping[str, str]) -> Coded:
    """Code a clip; pictures of odd size get another column or row.

    Raises RequestError for an encoder that is not found, that refuses its options, or that is not made for pictures of
    this size.
    """
    pictures, video = even(material).permute(0, 2, 3, 1).numpy(), coding_format(material)
    if min(video.width, video.height) < encoder.least_side:
        size, least = f"{video.width}x{video.height}", encoder.least_side
        raise RequestError(f"{encoder.library} is given pictures of {least} pixels a side and more, not of {size}")
    started = monotonic()
    if encoder.external:
        data = _external(encoder, pictures, video, pixels, options)
    else:
        os.environ.setdefault("SVT_LOG", "1")  # keeps SVT-AV1 from printing
        merged = {**options, **{k: _joined(options.get(k), v) for k, v in (encoder.quiet or {}).items()}}
        coding = Coding(encoder.library, encoder.container, pixels, merged, encoder.filter)
        data = write_elementary(pictures, video, coding)
    seconds = monotonic() - started
    words = ["ffmpeg", *_input_words(material, pixels), *_coding_words(encoder, pixels, options)]
    return Coded(
        data=data,
        suffix=encoder.container,
        command=shlex.join([*words, f"out.{encoder.container}"]),
        conversion=describe_coding(material, pixels),
        seconds=seconds,
    )


def describe_coding(material: Material, pixels: str) -> str:
    """What a conventional codec codes, in words, and how RGB becomes that."""
    if pixels == "gbrp":
        return "coded as RGB"
    converted = f", {describe_tags(coding_format(material).colour)}" if material.video.domain == "rgb" else ""
    return f"coded as {pixels}{converted}"


def decode_elementary(data: bytes, material: Material, encoder: Encoder) -> Tensor:
    """The last pictures of a stream, as many as the clip has, with as many channels as it has.

    Raises VideoError for a stream whose frames are not a whole number of clips.
    """
    coding = Coding(encoder.library, encoder.container, encoder.pixels)
    return collect(read_elementary(data, coding_format(material), coding), material)


def collect(pictures: Iterable[Frame], material: Material) -> Tensor:
    """The last of some pictures `[H, W, C]`, as many as the clip has, `[T, C, H, W]`, uint8.

    Raises VideoError unless they are a whole number of clips.
    """
    video, length, count = coding_format(material), len(material.clip), 0
    kept = torch.empty(length, *video.map_size, CHANNELS[video.domain], dtype=torch.uint8)
    for count, picture in enumerate(pictures, 1):
        kept[(count - 1) % length] = torch.from_numpy(picture)
    if not count or count % length:
        raise VideoError(f"{count} frames were decoded for a clip of {length}")
    return kept.permute(0, 3, 1, 2)


def even(material: Material) -> Tensor:
    """The clip with its last row and column repeated where their number is odd, as 4:2:0 needs even sides.

    Packed planes always have even sides (see `nervcodec.planes`).
    """
    clip = material.clip
    if material.video.domain == "yuv420":
        return clip
    rows, columns = (torch.arange(side + side % 2).clamp(max=side - 1) for side in clip.shape[2:])
    return clip[:, :, rows][:, :, :, columns] if len(rows) + len(columns) > sum(clip.shape[2:]) else clip


def coding_format(material: Material) -> VideoFormat:
    """Format for codecs of YUV: even sides, and a colour.

    Clips of RGB have the source's matrix and range, or BT.709, studio for a source of RGB. Planes need no conversion,
    and have no colour, like the y4m file that a user would give to ffmpeg.
    """
    video = material.video
    width, height = video.width + video.width % 2, video.height + video.height % 2
    if video.domain == "yuv420":
        return replace(video, width=width, height=height, colour=ColourTags(), sample_aspect=Fraction(1))
    return replace(video, width=width, height=height, colour=BT709 if video.chroma == "rgb" else video.colour)


def _input_words(material: Material, pixels: str) -> list[str]:
    """Words of a command line of ffmpeg that name the source, and convert it where it is RGB."""
    video = coding_format(material)
    if video.domain == "yuv420":
        return ["-i", "source.y4m"]
    words = ["-framerate", f"{video.frame_rate}", "-i", "frames/%05d.png"]
    if pixels == "gbrp":
        return words
    tags = video.colour
    matrix, sample_range = SWSCALE_NAMES.get(tags.matrix, "bt601"), "pc" if tags.sample_range == FULL else "tv"
    flags = "bicubic+full_chroma_inp+accurate_rnd"  # those of `rgb_to_frame`
    named = f"color_primaries={tags.primaries}:color_trc={tags.transfer}:colorspace={tags.matrix}"
    filters = [
        f"scale=out_color_matrix={matrix}:out_range={sample_range}:flags={flags}",
        f"format={pixels.removesuffix('10le')}",
        f"setparams={named}:range={FFMPEG_RANGES[tags.sample_range]}",
    ]
    return [*words, "-vf", ",".join(filters)]


def _coding_words(encoder: Encoder, pixels: str, options: Mapping[str, str]) -> list[str]:
    """Words of a command line of ffmpeg that code pictures."""
    named = [word for name, value in options.items() for word in ("-b:v" if name == "b" else f"-{name}", value)]
    filtered = ["-bsf:v", encoder.filter] if encoder.filter else []
    return ["-pix_fmt", pixels, "-c:v", encoder.library, *named, *filtered, "-f", encoder.container]


def _external(
    encoder: Encoder, pictures: Iterable[Frame], video: VideoFormat, pixels: str, options: Mapping[str, str]
) -> bytes:
    """Code pictures by an ffmpeg program."""
    program = ffmpeg_with("encoder", encoder.library)
    if program is None:
        raise RequestError(f"no ffmpeg with {encoder.library} was found: pip install 'nervcodec[vmaf]' brings one")
    with tempfile.TemporaryDirectory() as folder:
        source, stream = Path(folder) / "source.y4m", Path(folder) / f"out.{encoder.container}"
        with write_frames(str(source), replace(video, chroma="420")) as sink:
            for picture in pictures:
                sink(picture)
        command = [program, "-nostdin", "-v", "error", "-i", str(source)]
        command += [*_coding_words(encoder, pixels, options), str(stream)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RequestError(f"{encoder.library}: {(done.stderr.strip().splitlines() or ['failed'])[0]}")
        return stream.read_bytes()


def _joined(given: str | None, added: str) -> str:
    """Join two lists of options by a colon."""
    return f"{given}:{added}" if given else added
