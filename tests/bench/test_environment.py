"""Facts that are needed to repeat a measurement."""

import pytest

from nervcodec.bench import environment


def test_a_library_that_is_not_installed_has_no_version(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "LIBRARIES", ("numpy", "no-such-library", "torch"))
    assert list(environment.environment()["versions"]) == ["nervcodec", "numpy", "torch"]
