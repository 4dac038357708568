"""Sound, subtitles, fonts, chapters and titles of a video, copied as they are into Matroska and out of it."""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from fractions import Fraction
from io import BytesIO
from itertools import pairwise
from math import ceil
from typing import cast

import av
from av.container import Flags, InputContainer, OutputContainer
from av.error import FFmpegError

from nervcodec.errors import CorruptStream, RequestError, VideoError
from nervcodec.video.index import Index
from nervcodec.video.sources import PROTOCOLS, explained, is_container
from nervcodec.video.span import MILLISECOND, Span, chapters_in
from nervcodec.video.tracks import KINDS, Piece, Track, add_tracks, read_pieces, tags_of, unmoved
from nervcodec.video.whole import EBML

FIRST_PICTURE = "first_picture"
"""Tag with the milliseconds after which the first picture appears, on the clock of the stored file; 0 without it."""
AS_THEY_ARE = {"avoid_negative_ts": "disabled"}
"""Times of what is written are not moved."""
SMALL = {
    "write_crc32": "0",
    "live": "1",
    "cluster_time_limit": "30000",
    "cluster_size_limit": "1000000",
    **AS_THEY_ARE,
}
"""No checksums, for the file around has its own, no index, and few clusters."""
READ = {"protocol_whitelist": "pipe", "format_whitelist": "matroska,webm,ffmetadata"}
BITEXACT = cast(int, Flags.bitexact.value)
"""Without random ids and versions of libraries."""
MOST_PRIMING = Fraction(1, 4)
"""Seconds by which sound may begin before the first picture, at time 0. FFmpeg writes and reads such times as they are,
and moves or drops packets that begin about a second before 0."""
LEAVE_OUT = "--audio none leaves sound out, --subtitles none subtitles"

Feed = Callable[[Fraction | None], None]
"""Hands on what comes before a time in seconds, or all that is left."""


def kinds_of(*, audio: bool, subtitles: bool) -> tuple[str, ...]:
    """Types of the streams that go along where sound or subtitles, with their fonts, are wanted."""
    return ("audio",) * audio + ("subtitle", "attachment") * subtitles


def read_attachments(
    source: str, index: Index, first: int = 0, stop: int | None = None, kinds: Collection[str] = KINDS
) -> bytes:
    """What accompanies frames [first, stop) of a video; no bytes where there is nothing.

    Sound and subtitles that have ended when the first of these frames appears, or begin later than the last frame
    disappears, stay behind, except for sound before and after the whole video. kinds: types of streams that are wanted.

    Raises VideoError for a file that cannot be read, or whose sound or subtitles cannot be written again.
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
            data = _cut(container, Span(start, end, is_cut=first > 0), kinds)
        except ValueError as error:
            raise VideoError(f"{source}: {error}") from error
    _check(source, data)
    return data


def cut_attachments(data: bytes, start: Fraction, end: Fraction | None = None, kinds: Collection[str] = KINDS) -> bytes:
    """What `read_attachments` would give for some of those frames, from `start` to `end` in seconds.

    Raises CorruptStream for bytes that `read_attachments` has not made.
    """
    with _opened(data) as container:
        return _cut(container, _span_of(container, start, end), kinds)


def lead_of(data: bytes) -> Fraction:
    """Seconds by which what accompanies a video begins before its first picture; 0 where it begins with it or later.

    Raises CorruptStream for bytes that `read_attachments` has not made.
    """
    with _opened(data) as container:
        pieces, _ = _pieces(container, _span_of(container), KINDS)
    return _lead(pieces)


def first_picture_of(data: bytes) -> Fraction:
    """Seconds after which the first picture appears on the clock of what accompanies a video.

    Raises CorruptStream for bytes that `read_attachments` has not made.
    """
    with _opened(data) as container:
        return _span_of(container).start


def copy_attachments(data: bytes, target: OutputContainer, name: str, delay: Fraction = Fraction(0)) -> Feed:
    """The inverse of `read_attachments`: streams are added to a file called `name`, packets handed on when it is time.

    delay: seconds after which the first picture appears on the clock of the target.

    Raises RequestError for a codec that the file cannot hold, CorruptStream for bytes that `read_attachments` has not
    made.
    """
    try:
        with _opened(data) as container:
            span = _span_of(container)
            pieces, tracks = _begin(container, target, span, KINDS, delay)
    except ValueError as error:
        raise RequestError(f"{name}: {error}, .mkv takes it") from error
    pending = iter(pieces)
    waiting = [next(pending, None)]

    def feed(until: Fraction | None) -> None:
        while (piece := waiting[0]) and (until is None or piece.begins + piece.delay + delay < until):
            packet = tracks[piece.number].packet(piece, delay) if piece.number in tracks else None
            if packet:
                target.mux(packet)
            waiting[0] = next(pending, None)

    return feed


def _span_of(stored: InputContainer, start: Fraction = Fraction(0), end: Fraction | None = None) -> Span:
    """A stretch of time after the first picture, on the clock of a stored file."""
    tags = {name.lower(): text for name, text in stored.metadata.items()}
    try:
        first = int(tags.get(FIRST_PICTURE, "0")) * MILLISECOND
    except ValueError as error:
        raise CorruptStream("what accompanies the video says no time of the first picture") from error
    ends = None if end is None else first + end
    return Span(first + start, ends, is_cut=start > 0, is_moved=FIRST_PICTURE not in tags)


@contextmanager
def _opened(data: bytes) -> Iterator[InputContainer]:
    try:
        with av.open(BytesIO(data), "r", options=READ) as container:
            yield container
    except FFmpegError as error:
        raise CorruptStream(f"what accompanies the video cannot be read: {error.strerror or error}") from error


def _cut(source: InputContainer, span: Span, kinds: Collection[str]) -> bytes:
    """A file of what lies in a stretch of time: of text only where no stream does."""
    has_streams = any(stream.type in kinds and stream.type != "attachment" for stream in source.streams)
    if not has_streams and not chapters_in(source, span, Fraction(0)) and not tags_of(source.metadata):
        return b""
    made, kind, options = BytesIO(), "matroska" if has_streams else "ffmetadata", SMALL if has_streams else {}
    with av.open(made, "w", format=kind, options=options) as target:
        target.flags |= BITEXACT
        pieces, tracks = _begin(source, target, span, kinds, None)
        delay = _delay(pieces)
        if delay:
            target.metadata[FIRST_PICTURE] = str(int(delay / MILLISECOND))
        for piece in pieces:
            packet = tracks[piece.number].packet(piece, delay)
            if packet:
                target.mux(packet)
        target.start_encoding()
    return made.getvalue()


def _begin(
    source: InputContainer, target: OutputContainer, span: Span, kinds: Collection[str], delay: Fraction | None
) -> tuple[list[Piece], dict[int, Track]]:
    """Add streams, chapters and titles to a file; the packets to follow, with times after the first picture.

    delay: when the first picture appears on the clock of the target; None means that of a stored file.
    """
    pieces, configurations = _pieces(source, span, kinds)
    tracks = add_tracks([s for s in source.streams if s.type in kinds], target, configurations)
    target.metadata.update(tags_of(source.metadata))
    target.set_chapters(chapters_in(source, span, _delay(pieces) if delay is None else delay))
    return pieces, tracks


def _lead(pieces: Sequence[Piece]) -> Fraction:
    """Seconds by which the earliest packet begins before the first picture, 0 if none does."""
    return max((-min(piece.begins, piece.begins + piece.delay, Fraction(0)) for piece in pieces), default=Fraction(0))


def _delay(pieces: Sequence[Piece]) -> Fraction:
    """Whole milliseconds after which the first picture appears in a stored file, so that packets keep their times."""
    lead = _lead(pieces)
    return ceil(lead / MILLISECOND) * MILLISECOND if lead > MOST_PRIMING else Fraction(0)


def _pieces(source: InputContainer, span: Span, kinds: Collection[str]) -> tuple[list[Piece], dict[int, bytes]]:
    """The packets that lie in a stretch of time, in the order of the file, with times after its start."""
    pieces, configurations = read_pieces(source, kinds)
    if span.is_moved:
        pieces = unmoved(pieces)
    found = []
    for piece in pieces:
        if span.holds(piece.begins, piece.ends):
            begins, ends = piece.begins, piece.ends
            if piece.kind == "subtitle":  # shown from the first frame on at the earliest, and to the end of the last
                begins, ends = max(begins, span.start), ends if span.end is None else min(ends, span.end)
            found.append(replace(piece, begins=begins - span.start, ends=ends - span.start))
    return found, configurations


def _check(source: str, data: bytes) -> None:
    """Raises VideoError where what `read_attachments` has made cannot be written into a file again, or goes back in
    time."""
    if not data.startswith(EBML):  # text only
        return
    try:
        with av.open(BytesIO(), "w", format="matroska", options=AS_THEY_ARE) as target:
            copy_attachments(data, target, source, lead_of(data))(None)
            target.start_encoding()
        with _opened(data) as container:
            pieces, _ = read_pieces(container, ("audio",))
    except (FFmpegError, RequestError, CorruptStream) as error:
        raise VideoError(f"{source}: its sound or subtitles cannot be written again: {error}; {LEAVE_OUT}") from error
    by_stream: dict[int, list[Piece]] = {}
    for piece in pieces:
        by_stream.setdefault(piece.number, []).append(piece)
    for own in by_stream.values():
        if any(after.begins < before.begins for before, after in pairwise(own)):
            raise VideoError(f"{source}: packets of its sound go back in time; {LEAVE_OUT}")
