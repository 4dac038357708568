from dataclasses import replace
from pathlib import Path

import pytest

import nervcodec
from nervcodec.bitstream.container import read_stream, write_stream
from nervcodec.bitstream.layer import Chunk, Layer
from nervcodec.errors import CorruptStream, UnsupportedStream, VideoError
from nervcodec.models.domains import for_domain
from nervcodec.models.enhancement.sizing import enhancement_config
from nervcodec.models.wire import pack_config


def test_every_byte_is_accounted_for(encoded: Path) -> None:
    info = nervcodec.probe(str(encoded))
    size = encoded.stat().st_size
    assert info.file_bytes == size
    assert info.header_bytes + sum(chunk.total_bytes for chunk in info.chunks) == size
    assert info.bits_per_pixel == pytest.approx(8 * size / (150 * 75 * 6))
    (chunk,) = info.chunks
    assert tuple(chunk.group_bytes) == info.config.groups
    assert 0 <= chunk.total_bytes - sum(chunk.group_bytes.values()) <= 3 * len(chunk.group_bytes)
    (layer,) = info.layers
    assert (layer.model, layer.total_bytes) == (info.model, size) == ("dnerv", size)
    assert layer.configs == (info.config,)
    assert info.frames == chunk.frames == 6


def test_layers_are_described_one_by_one(encoded: Path, tmp_path: Path) -> None:
    stream = read_stream(encoded.read_bytes())
    config = for_domain("yuv420", enhancement_config(75, 150, 12))
    model, numbers = pack_config(config)
    above = Layer(model=model, configs=(numbers,), chunks=(Chunk((b"12345", b"", b"", b"", b"")),))
    path = tmp_path / "two.nerv"
    path.write_bytes(write_stream(replace(stream, layers=(*stream.layers, above))))
    info = nervcodec.probe(str(path))
    assert [layer.model for layer in info.layers] == ["dnerv", "een"]
    assert info.layers[0] == nervcodec.probe(str(encoded)).layers[0]
    assert info.layers[1].configs == (config,)
    assert sum(layer.total_bytes for layer in info.layers) == info.file_bytes
    assert [(chunk.layer, chunk.total_bytes) for chunk in info.chunks][1:] == [(1, 10)]
    assert info.header_bytes + sum(chunk.total_bytes for chunk in info.chunks) == info.file_bytes


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
