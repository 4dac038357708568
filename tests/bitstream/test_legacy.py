"""Files of versions 1 to 4 are read, cut and joined."""

from dataclasses import replace
from pathlib import Path

import pytest

from nervcodec.bitstream.container import layer_ends, read_stream, write_stream
from nervcodec.bitstream.packs import cut_pack, first_layers, join_pack
from nervcodec.errors import BitstreamError, CorruptStream, RequestError, TruncatedStream, UnsupportedStream
from tests.bitstream.old import write_layered, write_old
from tests.bitstream.test_container import LAYERS, STREAM, changed
from tests.golden.make import FOLDER

DATA = write_old(STREAM, 2)
BASE = replace(STREAM, layers=LAYERS[:1], version=2)


@pytest.mark.parametrize("path", sorted(FOLDER.glob("v[12]/*.nerv")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_old_writer_writes_what_was_written(path: Path) -> None:
    data = path.read_bytes()
    stream = read_stream(data)
    assert write_old(stream, stream.version) == data


@pytest.mark.parametrize("path", sorted(FOLDER.glob("v[34]/*.nerv")), ids=lambda p: f"{p.parent.name}-{p.stem}")
def test_the_layered_writer_writes_what_was_written(path: Path) -> None:
    data = path.read_bytes()
    stream = read_stream(data)
    assert write_layered(stream, stream.version) == data


@pytest.mark.parametrize("version", [3, 4])
def test_layers_of_old_files_are_read_cut_and_joined(version: int) -> None:
    data = write_layered(STREAM, version)
    assert read_stream(data) == replace(STREAM, version=version)
    ends = layer_ends(data)
    pack = cut_pack(data, 2)
    assert pack[4] == 3
    assert join_pack(data[: ends[0]], pack) == data
    for position in range(len(data)):
        if position != 4:
            with pytest.raises(BitstreamError):
                read_stream(changed(data, position))
    with pytest.raises(CorruptStream, match="belongs to another base"):
        join_pack(first_layers(write_stream(STREAM), 1), pack)


@pytest.mark.parametrize("version", [1, 2])
def test_the_base_is_read_and_what_lies_above_ignored(version: int) -> None:
    data = write_old(STREAM, version)
    assert read_stream(data) == read_stream(data, 1) == replace(BASE, version=version)
    assert layer_ends(data) == [len(data)]
    with pytest.raises(RequestError, match="layer 2 is asked for, the file ends with layer 1"):
        read_stream(data, 2)


def test_cut_after_a_layer_the_layers_below_remain() -> None:
    valid = []
    for size in range(len(DATA)):
        try:
            assert read_stream(DATA[:size]) == BASE
        except (TruncatedStream, UnsupportedStream):
            continue
        valid.append(size)
    assert len(valid) == 2


def test_every_changed_byte_is_noticed() -> None:
    for position in range(len(DATA)):
        for flip in (0x01, 0x02, 0x03, 0x80):
            if (position, flip) == (4, 0x03):
                continue  # the change makes it version 1, which has the same container
            with pytest.raises(BitstreamError):
                read_stream(changed(DATA, position, flip))


def test_what_is_wrong_is_said() -> None:
    with pytest.raises(CorruptStream, match="too many"):
        read_stream(DATA + b"\x00")
    with pytest.raises(CorruptStream, match="the header does not match"):
        read_stream(changed(DATA, 7))
    with pytest.raises(CorruptStream, match="17 layers are announced"):
        read_stream(write_old(replace(STREAM, layers=LAYERS[:1] * 17), 2))
