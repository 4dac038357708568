"""Streams of sound, subtitles and attached fonts as another container has them."""

import re
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import av
from av.container import InputContainer, OutputContainer
from av.packet import Packet
from av.stream import Stream

KINDS = ("audio", "subtitle", "attachment")
"""Types of the streams that accompany a video."""
KEPT_TAGS = ("title", "language", "artist", "comment", "copyright", "date", "description")
TEXT, MP4_TEXT = ("subrip", "srt"), "mov_text"
"""Names of the plain subtitles of Matroska, and of those of MP4, which are text after its length."""
NOT_IN_MP4 = ("pcm_", "truehd", "mlp")
"""Beginnings of the names of codecs that are not written into MP4: players would have to know the order of the channels
of PCM, and FFmpeg calls its writing of TrueHD experimental."""
MARKUP = re.compile(rb"<[^<>]*>")


@dataclass(frozen=True)
class Piece:
    """A packet of a stream, with its times in seconds."""

    number: int
    """Index of its stream."""
    kind: str
    """Type of its stream."""
    time_base: Fraction
    """Seconds of a tick of its stream."""
    begins: Fraction
    ends: Fraction
    delay: Fraction
    """Time of decoding after that of showing; negative where a packet is decoded before it is shown."""
    is_keyframe: bool
    """Whether decoding can begin with it."""
    data: bytes


@dataclass(frozen=True)
class Track:
    """A stream of a file that is written."""

    stream: Stream
    convert: Callable[[bytes], bytes] | None
    """What becomes of the bytes of a packet; None leaves them as they are."""

    def packet(self, piece: Piece, shift: Fraction) -> "Packet[Stream] | None":
        """A piece as a packet of this stream, later by a number of seconds; None where nothing is left of it."""
        packet: Packet[Stream] = Packet(self.convert(piece.data) if self.convert else piece.data)
        base = piece.time_base
        packet.time_base, packet.duration = base, round((piece.ends - piece.begins) / base)
        packet.pts = round((piece.begins + shift) / base)
        packet.dts, packet.stream = packet.pts + round(piece.delay / base), self.stream
        packet.is_keyframe = piece.is_keyframe
        return packet if packet.size else None


def read_pieces(container: InputContainer, kinds: Collection[str] = KINDS) -> tuple[list[Piece], dict[int, bytes]]:
    """All packets of what accompanies a video, and by index of the stream the configuration of AAC that lacks one.

    AAC of broadcasts has its configuration in every packet (ADTS), which files such as Matroska want once.
    """
    streams = [stream for stream in container.streams if stream.type in kinds and stream.codec_context]
    filters = {
        stream.index: av.BitStreamFilterContext("aac_adtstoasc", stream)
        for stream in streams
        if stream.codec_context.name == "aac" and not stream.codec_context.extradata
    }
    pieces, configurations = list[Piece](), dict[int, bytes]()
    for packet in container.demux(streams) if streams else ():
        if packet.pts is None or packet.dts is None or not packet.size:
            continue
        stream = packet.stream
        for made in filters[stream.index].filter(packet) if stream.index in filters else [packet]:
            if stream.index in filters and made.has_sidedata("new_extradata"):
                configurations[stream.index] = bytes(made.get_sidedata("new_extradata"))
            pieces.append(_piece(stream, made))
    return pieces, configurations


def _piece(stream: Stream, packet: "Packet[Stream]") -> Piece:
    assert packet.pts is not None
    assert packet.dts is not None
    begins, ends = (time * packet.time_base for time in (packet.pts, packet.pts + (packet.duration or 0)))
    delay = (packet.dts - packet.pts) * packet.time_base
    return Piece(stream.index, stream.type, packet.time_base, begins, ends, delay, packet.is_keyframe, bytes(packet))


def unmoved(pieces: Sequence[Piece]) -> list[Piece]:
    """Packets of a stored file without FIRST_PICTURE at the times at which they were put into it.

    FFmpeg writes clusters that begin before 0 as if they began at 0, so what is in them comes back late, and the packet
    after them in its place: where sound goes back in time, all before it in the file came too late by as much.
    """
    moved, shift, later = list[Piece](), Fraction(0), dict[int, Piece]()
    for piece in reversed(pieces):
        after = later.get(piece.number)
        if piece.kind == "audio" and after is not None and piece.begins + shift > after.begins:
            shift += after.begins - (piece.ends + shift)
        made = replace(piece, begins=piece.begins + shift, ends=piece.ends + shift)
        later[piece.number] = made
        moved.append(made)
    return moved[::-1]


def add_tracks(
    streams: Iterable[Stream], target: OutputContainer, configurations: dict[int, bytes]
) -> dict[int, Track]:
    """Streams of a file that is written, like those of another one, by the index that these have there.

    Raises ValueError for a codec that the file cannot hold.
    """
    is_mp4 = target.format.name == "mp4"
    wanted = [stream for stream in streams if not (is_mp4 and stream.type == "attachment")]
    return {stream.index: _add_track(stream, target, configurations.get(stream.index)) for stream in wanted}


def tags_of(metadata: dict[str, str]) -> dict[str, str]:
    """Titles and the like, which go along."""
    return {
        name.lower(): text
        for name, text in metadata.items()
        if name.lower() in KEPT_TAGS and (name.lower(), text) != ("language", "und")
    }


def _add_track(stream: Stream, target: OutputContainer, configuration: bytes | None) -> Track:
    name = stream.codec_context.codec.canonical_name if stream.codec_context else "an unknown codec"
    is_mp4 = target.format.name == "mp4"
    convert: Callable[[bytes], bytes] | None = None
    if name == MP4_TEXT and not is_mp4:
        track, convert = target.add_mux_stream(TEXT[0]), _text_of_mp4
    elif name in TEXT and is_mp4:
        track, convert = target.add_mux_stream(MP4_TEXT), _mp4_of_text
    else:
        try:
            if is_mp4 and name.startswith(NOT_IN_MP4):
                raise ValueError(name)
            track = target.add_stream_from_template(stream)
        except ValueError as error:
            holder, kind = "MP4" if is_mp4 else "Matroska", "sound" if stream.type == "audio" else "subtitles"
            option = "--audio" if stream.type == "audio" else "--subtitles"
            raise ValueError(f"{holder} cannot hold {kind} in {name}; {option} none leaves {kind} out") from error
    if configuration:
        track.codec_context.extradata = configuration
    if stream.type != "attachment":
        track.time_base, track.disposition = stream.time_base, stream.disposition
        track.metadata.update(tags_of(stream.metadata))
    return Track(track, convert)


def _mp4_of_text(text: bytes) -> bytes:
    plain = MARKUP.sub(b"", text)
    return len(plain).to_bytes(2, "big") + plain


def _text_of_mp4(data: bytes) -> bytes:
    return data[2 : 2 + int.from_bytes(data[:2], "big")]
