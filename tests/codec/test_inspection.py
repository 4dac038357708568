from pathlib import Path

import pytest

import nervcodec
from nervcodec.errors import CorruptStream, UnsupportedStream, VideoError


def test_every_byte_is_accounted_for(encoded: Path) -> None:
    info = nervcodec.probe(str(encoded))
    size = encoded.stat().st_size
    assert info.file_bytes == size
    assert info.header_bytes + sum(chunk.total_bytes for chunk in info.chunks) == size
    assert info.bits_per_pixel == pytest.approx(8 * size / (150 * 75 * 6))
    (chunk,) = info.chunks
    assert tuple(chunk.group_bytes) == info.config.groups
    assert 0 <= chunk.total_bytes - sum(chunk.group_bytes.values()) <= 3 * len(chunk.group_bytes)
    assert info.model == "dnerv"
    assert info.frames == chunk.frames == 6


def test_errors_begin_with_the_path(encoded: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.nerv"
    broken.write_bytes(encoded.read_bytes()[:-1] + b"?")
    with pytest.raises(CorruptStream, match=f"^{broken}: "):
        nervcodec.probe(str(broken))
    with pytest.raises(CorruptStream, match=f"^{broken}: "):
        nervcodec.decode(str(broken), str(tmp_path / "a.mkv"))
    broken.write_bytes(b"something else")
    with pytest.raises(UnsupportedStream, match="not a"):
        nervcodec.probe(str(broken))
    with pytest.raises(VideoError, match="No such file"):
        nervcodec.probe(str(tmp_path / "none.nerv"))
    assert not list(tmp_path.glob("*.mkv"))
