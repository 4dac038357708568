"""The video stream of a container that is read, and what is said of the others."""

from collections.abc import Iterator
from pathlib import Path

from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from nervcodec.errors import VideoError
from nervcodec.video.images import missing_numbers, sequences

DEFAULT_SCORE = 5_000_000
"""Pixels that a default stream counts more for, in ffmpeg's choice (`map_auto_video` of its fftools)."""
MOST_NAMED = 8
"""Missing numbers that are named in a sentence."""


def _videos(container: InputContainer) -> list[VideoStream]:
    """Video streams, except pictures on the cover."""
    return [stream for stream in container.streams.video if Disposition.attached_pic not in stream.disposition]


def choose_stream(container: InputContainer, name: str, chosen: int | None) -> VideoStream:
    """The video stream with some index, or without one that which ffmpeg would choose.

    Raises VideoError where there is none, and for a stream that says that it is transparent.
    """
    videos = _videos(container)
    if not videos:
        raise VideoError(f"{name}: no video stream in it")
    if chosen is not None:
        check_stream(name, chosen, len(videos))
    stream = videos[chosen] if chosen is not None else max(videos, key=_score)
    if stream.metadata.get("alpha_mode") == "1":  # VP8 and VP9 have transparency in a layer that decoders pass over
        raise VideoError(f"{name}: the video is transparent, which no .nerv file can be; lay it on a background")
    return stream


def check_stream(name: str, chosen: int, count: int) -> None:
    """Raises VideoError unless a source has a video stream with the index `chosen`, counted from 0."""
    if chosen >= count:
        raise VideoError(f"{name}: there is no video stream {chosen}; streams are counted from 0, and it has {count}")


def _score(stream: VideoStream) -> int:
    """What ffmpeg chooses a video stream by: its size, and whether it is a default one."""
    return stream.width * stream.height + DEFAULT_SCORE * (Disposition.default in stream.disposition)


def remarks_on_streams(container: InputContainer, stream: VideoStream) -> Iterator[str]:
    """Sentences on what a container holds beside the video stream that is read, and the sound and subtitles."""
    videos, covers = _videos(container), len(container.streams.video) - len(_videos(container))
    if len(videos) > 1:
        size, number = f"{stream.width}x{stream.height}", videos.index(stream)
        yield f"video stream {number} of {len(videos)}, counted from 0, is taken ({size}); --stream chooses another"
    if covers:
        yield "a picture on the cover is left out"
    fonts = [s.metadata.get("filename", "a file") for s in container.streams if s.type == "attachment"]
    if fonts and not container.streams.subtitles:
        yield f"attached files are left out, since they serve subtitles, of which there are none: {', '.join(fonts)}"
    codes = {s.metadata.get("timecode") for s in container.streams} | {container.metadata.get("timecode")}
    for code in sorted(code for code in codes if code):
        yield f"the timecode {code} is left out"
    others = sum(s.type == "data" and "timecode" not in s.metadata for s in container.streams)
    if others:
        yield f"{others} data {'stream is' if others == 1 else 'streams are'} left out"


def remarks_on_numbers(images: list[Path]) -> tuple[str, ...]:
    """A sentence on the numbers that a sequence of images lacks, or on several sequences."""
    kinds = sequences(images)
    if len(kinds) > 1:
        named = ", ".join(path.name for path in kinds[:MOST_NAMED]) + (", ..." if len(kinds) > MOST_NAMED else "")
        return (f"{len(kinds)} sequences of pictures follow each other, which begin with {named}",)
    missing = missing_numbers(images)
    if not missing:
        return ()
    named = ", ".join(map(str, missing[:MOST_NAMED])) + (", ..." if len(missing) > MOST_NAMED else "")
    return (f"pictures with the numbers {named} are missing; the others follow each other without a gap",)
