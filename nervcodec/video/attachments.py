"""Sound, subtitles, chapters and titles of a video, copied unchanged into a small Matroska file and out of it."""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fractions import Fraction
from io import BytesIO
from typing import TYPE_CHECKING, cast

import av
from av.container import Flags, InputContainer, OutputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.stream import Stream

from nervcodec.errors import CorruptStream, RequestError, VideoError
from nervcodec.video.index import Index
from nervcodec.video.sources import PROTOCOLS, explained, is_container

if TYPE_CHECKING:
    from av.container.core import Chapter

KINDS = ("audio", "subtitle")
KEPT_TAGS = ("title", "language", "artist", "comment", "copyright", "date", "description")
SMALL = {
    "write_crc32": "0",
    "live": "1",
    "cluster_time_limit": "30000",
    "cluster_size_limit": "1000000",
    "avoid_negative_ts": "disabled",
}
"""Options of the Matroska muxer: no checksums, for the file around has its own, no index, and few clusters."""
READ = {"protocol_whitelist": "pipe", "format_whitelist": "matroska,webm,ffmetadata"}
TEXT, MP4_TEXT = ("subrip", "srt"), "mov_text"
"""Codecs of plain subtitles in Matroska, and in MP4, where the length of a text stands before it."""
BITEXACT = cast(int, Flags.bitexact.value)
"""Flag of a muxer that leaves out random ids and versions of libraries."""
MILLISECOND = Fraction(1, 1000)
PLAIN = "pcm_"
MARKUP = re.compile(rb"<[^<>]*>")

Feed = Callable[[Fraction | None], None]
"""A function that hands on the packets before a time in seconds, or all that are left."""


def read_attachments(source: str, index: Index, first: int = 0, stop: int | None = None) -> bytes:
    """Read the sound, subtitles, chapters and titles of frames [first, stop) of a video; no bytes where it has none.

    Times count from when the first of these frames appears. Sound and subtitles that have ended by then, or begin after
    the last frame disappears, are left out, except for those before and after the whole video.

    Raises VideoError for a file that cannot be read, or whose sound is in a codec that is not known.
    """
    if not is_container(source):
        return b""
    start = index.pts[first] * index.time_base
    end = None if stop is None or stop >= len(index.pts) else index.pts[stop] * index.time_base
    with (
        explained(source),
        av.open(f"file:{source}", options={"protocol_whitelist": PROTOCOLS}) as container,
    ):
        try:
            return _cut(container, _Span(start, end, is_cut=first > 0))
        except ValueError as error:
            raise VideoError(f"{source}: {error}") from error


def cut_attachments(data: bytes, start: Fraction, end: Fraction | None = None) -> bytes:
    """Cut attachments to fewer frames, from `start` to `end` in seconds, as `read_attachments` would read them.

    Raises CorruptStream for bytes that `read_attachments` has not made.
    """
    with _opened(data) as container:
        return _cut(container, _Span(start, end, is_cut=start > 0))


def copy_attachments(data: bytes, target: OutputContainer, name: str) -> Feed:
    """Add the streams of attachments to a file called `name`; the function returned hands on packets up to a time.

    Raises RequestError for a codec that the file cannot hold, CorruptStream for bytes that `read_attachments` has not
    made.
    """
    try:
        packets = _packets(data, target)
        pending = [next(packets, None)]
    except ValueError as error:
        raise RequestError(f"{name}: {error}; write .mkv, or leave them out with --audio none") from error

    def feed(until: Fraction | None) -> None:
        while (packet := pending[0]) and (until is None or (packet.dts or 0) * packet.time_base < until):
            target.mux(packet)
            pending[0] = next(packets, None)

    return feed


@dataclass(frozen=True)
class _Span:
    """A stretch of time, in seconds."""

    start: Fraction
    """Time that becomes 0 in the result."""
    end: Fraction | None
    """None means that nothing is cut off at the end."""
    is_cut: bool
    """Whether anything that has ended by the start is left out."""

    def holds(self, begins: Fraction, ends: Fraction) -> bool:
        """Whether a packet or chapter overlaps the stretch of time."""
        return (ends > self.start or not self.is_cut) and (self.end is None or begins < self.end)


@dataclass(frozen=True)
class _Track:
    """A stream of a file that is written."""

    stream: Stream
    convert: Callable[[bytes], bytes] | None
    """Conversion of a packet's bytes; None keeps the packet with all its properties."""


def _packets(data: bytes, target: OutputContainer) -> "Iterator[Packet[Stream]]":
    """Copy all packets; the streams are added when the first packet is asked for."""
    with _opened(data) as container:
        yield from _copy(container, target, _Span(Fraction(0), None, is_cut=False))


@contextmanager
def _opened(data: bytes) -> Iterator[InputContainer]:
    try:
        with av.open(BytesIO(data), "r", options=READ) as container:
            yield container
    except FFmpegError as error:
        raise CorruptStream(f"what accompanies the video cannot be read: {error.strerror or error}") from error


def _cut(source: InputContainer, span: _Span) -> bytes:
    """Make a file of what lies in a stretch of time: Matroska where the source has sound or subtitles, else text."""
    has_streams = any(stream.type in KINDS for stream in source.streams)
    if not has_streams and not _chapters(source, span) and not _tags(source.metadata):
        return b""
    made, kind, options = BytesIO(), "matroska" if has_streams else "ffmetadata", SMALL if has_streams else {}
    with av.open(made, "w", format=kind, options=options) as target:
        target.flags |= BITEXACT
        for packet in _copy(source, target, span):
            target.mux(packet)
        target.start_encoding()
    return made.getvalue()


def _copy(source: InputContainer, target: OutputContainer, span: _Span) -> "Iterator[Packet[Stream]]":
    """Add streams, chapters and titles to a file, and yield the packets to write after them."""
    tracks = {stream.index: _add_track(stream, target) for stream in source.streams if stream.type in KINDS}
    target.metadata.update(_tags(source.metadata))
    target.set_chapters(_chapters(source, span))
    packets = source.demux([source.streams[number] for number in tracks]) if tracks else ()
    for packet in packets:
        if packet.pts is None or packet.dts is None or not packet.size:
            continue
        begins, ends = (time * packet.time_base for time in (packet.pts, packet.pts + (packet.duration or 0)))
        if not span.holds(begins, ends):
            continue
        if packet.stream.type == "subtitle" and begins < span.start:  # this subtitle is on when the first frame appears
            begins = span.start
        track = tracks[packet.stream.index]
        moved = Packet(track.convert(bytes(packet))) if track.convert else packet
        shift = packet.dts - packet.pts
        moved.time_base, moved.duration = packet.time_base, round((ends - begins) / packet.time_base)
        moved.pts = round((begins - span.start) / packet.time_base)
        moved.dts, moved.stream = moved.pts + shift, track.stream
        if moved.size:
            yield moved


def _add_track(stream: Stream, target: OutputContainer) -> _Track:
    """Add a stream like another one to a file.

    Raises ValueError for a codec that the file cannot hold.
    """
    name = stream.codec_context.name if stream.codec_context else "an unknown codec"
    is_mp4 = target.format.name == "mp4"
    convert: Callable[[bytes], bytes] | None = None
    if name == MP4_TEXT and not is_mp4:
        track, convert = target.add_mux_stream(TEXT[0]), _text_of_mp4
    elif name in TEXT and is_mp4:
        track, convert = target.add_mux_stream(MP4_TEXT), _mp4_of_text
    else:
        try:
            if is_mp4 and name.startswith(PLAIN):  # players would have to know the order of channels
                raise ValueError(name)
            track = target.add_stream_from_template(stream)
        except ValueError as error:
            raise ValueError(f"such a file cannot hold {stream.type} in {name}") from error
    track.time_base, track.disposition = stream.time_base, stream.disposition
    track.metadata.update(_tags(stream.metadata))
    return _Track(track, convert)


def _mp4_of_text(text: bytes) -> bytes:
    plain = MARKUP.sub(b"", text)
    return len(plain).to_bytes(2, "big") + plain


def _text_of_mp4(data: bytes) -> bytes:
    return data[2 : 2 + int.from_bytes(data[:2], "big")]


def _chapters(source: InputContainer, span: _Span) -> "list[Chapter]":
    """Chapters that overlap a stretch of time, cut to it, with times from its start."""
    chapters: list[Chapter] = []
    for chapter in source.chapters():
        time_base = chapter["time_base"] or Fraction(1)
        begins, ends = chapter["start"] * time_base, chapter["end"] * time_base
        if span.holds(begins, ends):
            ends = ends if span.end is None else min(ends, span.end)
            start, end = (round((max(time, span.start) - span.start) / MILLISECOND) for time in (begins, ends))
            chapters.append(
                {
                    "id": len(chapters) + 1,
                    "start": start,
                    "end": end,
                    "time_base": MILLISECOND,
                    "metadata": _tags(chapter["metadata"]),
                }
            )
    return chapters


def _tags(metadata: dict[str, str]) -> dict[str, str]:
    return {
        name.lower(): text
        for name, text in metadata.items()
        if name.lower() in KEPT_TAGS and (name.lower(), text) != ("language", "und")
    }
