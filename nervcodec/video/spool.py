"""Copying standard input to a file, which can be read more than once."""

from hashlib import sha256
from pathlib import Path

import av
from av.error import FFmpegError

from nervcodec.errors import OutputError, VideoError
from nervcodec.files import replacing

FORMAT = "yuv4mpegpipe"


def spool(path: Path, stop: int | None) -> str:
    """Copy y4m on standard input to a file, up to frame `stop`, and return the digest of what was copied.

    Raises VideoError for input that is no y4m, OutputError where the copy cannot be written.
    """
    try:
        source = av.open("pipe:0", format=FORMAT)
    except FFmpegError as error:
        raise VideoError(f"standard input: {error.strerror or error}") from error
    digest, count = sha256(), 0
    with source, replacing(path) as temporary:
        try:
            with av.open(f"file:{temporary}", "w", format=FORMAT) as target:
                copied = target.add_stream_from_template(source.streams.video[0])
                for packet in source.demux(video=0):
                    if count == stop or not packet.size:
                        break
                    digest.update(bytes(packet))
                    packet.stream = copied
                    target.mux(packet)
                    count += 1
        except FFmpegError as error:
            raise OutputError(f"{path}: {error.strerror or error}") from error
    return digest.hexdigest()
