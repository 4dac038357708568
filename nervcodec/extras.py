"""Libraries that only some commands need."""

from collections.abc import Iterator
from contextlib import contextmanager

from nervcodec.errors import RequestError


@contextmanager
def needing(extra: str) -> Iterator[None]:
    """For a block that imports libraries of an extra of this package.

    Raises RequestError, which says what to install, where one is missing.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise RequestError(f"{error.name} is not installed: pip install 'nervcodec[{extra}]'") from error
