"""Errors caused by a file, a disk or a request, and the exit code of each.

A bug of this package is not in this list: it surfaces as an ordinary exception and exits with 1.
"""


class NervcodecError(Exception):
    """Base class of all errors that are reported in one sentence, without a traceback."""

    exit_code = 1


class RequestError(NervcodecError):
    """The request contradicts itself or the input (for example, a crop larger than the picture)."""

    exit_code = 2


class VideoError(NervcodecError):
    """The input video is missing, unreadable or of a kind that is not supported."""

    exit_code = 3


class BitstreamError(NervcodecError):
    """The `.nerv` file cannot be decoded."""

    exit_code = 4


class TruncatedStream(BitstreamError):
    """The file ends before the end that its own tables announce."""


class CorruptStream(BitstreamError):
    """A checksum, a length or a value contradicts the rest of the file."""


class UnsupportedStream(BitstreamError):
    """The file is not a `.nerv` file, or its version or a model is not known to this decoder."""


class OutputError(NervcodecError):
    """The output cannot be written."""

    exit_code = 5


class ResourceError(NervcodecError):
    """The work is larger than a limit allows (pixels, frames, memory)."""

    exit_code = 6


class FitError(NervcodecError):
    """Every attempt at a fit ended in numbers that are not finite."""


class WorkersLost(NervcodecError):
    """Processes that shared the work were killed, or failed, repeatedly."""


class PointsFailed(NervcodecError):
    """Some points of a benchmark failed; their lines in the results say why."""

    exit_code = 8


class TargetMissed(NervcodecError):
    """The file is valid, but its size or quality is not near enough to the requested one."""

    exit_code = 7
