"""Libraries that only some commands need."""

from collections.abc import Iterator
from contextlib import contextmanager

from nervcodec.errors import RequestError


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """Within the block, turn the failed import of a library of an extra of this package into a RequestError.

    Raises RequestError, which says what to install, where a library is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise RequestError(f"{error.name} is not installed: pip install 'nervcodec[{extra}]'") from error
