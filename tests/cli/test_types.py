import click
import pytest

from nervcodec.cli.types import Scale
from nervcodec.video.view import EVEN


def test_scales() -> None:
    assert Scale().convert("640x320", None, None) == (640, 320)
    assert Scale().convert("640x-2", None, None) == (640, EVEN)
    assert Scale().convert("-2x320", None, None) == (EVEN, 320)


@pytest.mark.parametrize("value", ["640", "-2x-2", "640x-1", "0x2", "640:320"])
def test_what_is_no_scale(value: str) -> None:
    with pytest.raises(click.BadParameter, match="640x-2"):
        Scale().convert(value, None, None)
