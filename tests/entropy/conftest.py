"""The coder with each of the two libraries under it."""

from collections.abc import Iterator

import pytest

from nervcodec.entropy import coder, range_coder


@pytest.fixture(params=["constriction", "python"])
def each_library(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Runs a test with constriction, then without it."""
    if request.param == "constriction":
        pytest.importorskip("constriction")
    else:
        for name in ("EACH", "RangeDecoder", "RangeEncoder", "Table"):
            monkeypatch.setattr(coder, name, getattr(range_coder, name))
    coder._table.cache_clear()
    yield
    coder._table.cache_clear()
