from dataclasses import replace

import pytest

from nervcodec.bitstream.container import layer_ends, read_stream, write_stream
from nervcodec.bitstream.packs import cut_pack, first_layers, join_pack, read_pack, write_pack
from nervcodec.errors import BitstreamError, CorruptStream, RequestError, TruncatedStream, UnsupportedStream
from tests.bitstream.old import write_old
from tests.bitstream.test_container import DATA, ENDS, HEADER, LAYERS, STREAM, changed

BASE = first_layers(DATA, 1)
PACK = cut_pack(DATA, 2)
FAR_ABOVE = 9
"""Number of a layer far above the last one of the file."""


def test_cut_and_joined_the_bytes_are_the_same() -> None:
    assert join_pack(BASE, PACK) == DATA
    assert join_pack(first_layers(DATA, 2), cut_pack(DATA, 3)) == DATA
    second = join_pack(BASE, cut_pack(DATA, 2, 2))
    assert second == first_layers(DATA, 2) == DATA[: ENDS[1]]
    assert join_pack(second, cut_pack(DATA, 3, 3)) == DATA


def test_a_pack_has_the_bytes_of_its_layers() -> None:
    assert PACK[:6] == b"NERP\x05\x01"
    assert PACK[10:] == DATA[ENDS[0] :]
    assert cut_pack(DATA, 2, 3) == PACK
    assert read_pack(PACK) == (2, DATA[ENDS[0] :], 5)
    assert write_pack(*read_pack(PACK)) == PACK


def test_damage_above_does_not_hinder_cutting_below() -> None:
    damaged = changed(DATA, -1)
    assert first_layers(damaged, 2) == DATA[: ENDS[1]]
    assert cut_pack(damaged, 2, 2) == cut_pack(DATA, 2, 2)
    with pytest.raises(CorruptStream, match="layer 3"):
        cut_pack(damaged, 2)


def test_a_pack_goes_on_its_own_base_only() -> None:
    other = write_stream(replace(STREAM, header=replace(HEADER, segments=(300, 48)), layers=LAYERS[:1]))
    with pytest.raises(CorruptStream, match=r"^the pack belongs to another base$"):
        join_pack(other, PACK)
    with pytest.raises(CorruptStream, match=r"^the pack begins with layer 3, the file ends with layer 1$"):
        join_pack(BASE, cut_pack(DATA, 3))
    with pytest.raises(CorruptStream, match=r"^the pack begins with layer 2, the file ends with layer 3$"):
        join_pack(DATA, PACK)
    for version in (1, 2):
        with pytest.raises(UnsupportedStream, match=f"version {version} has one layer"):
            join_pack(write_old(STREAM, version), PACK)


def test_every_changed_byte_and_every_cut_of_a_pack_is_noticed() -> None:
    for position in range(len(PACK)):
        for flip in (0x01, 0x02, 0x80):
            with pytest.raises(BitstreamError):
                join_pack(BASE, changed(PACK, position, flip))
    second_alone = len(cut_pack(DATA, 2, 2))
    for size in range(len(PACK)):
        if size != second_alone:
            with pytest.raises((TruncatedStream, UnsupportedStream)):
                join_pack(BASE, PACK[:size])
    assert layer_ends(join_pack(BASE, PACK[:second_alone])) == ENDS[:2]


def test_what_is_no_pack_is_said() -> None:
    with pytest.raises(UnsupportedStream, match="not an enhancement pack"):
        join_pack(BASE, DATA)
    with pytest.raises(UnsupportedStream, match="version 4"):
        join_pack(BASE, PACK[:4] + b"\x04" + PACK[5:])
    with pytest.raises(CorruptStream, match="a pack of the base layer"):
        join_pack(BASE, write_pack(1, DATA, 5))
    with pytest.raises(UnsupportedStream, match="merge it with its base"):
        read_stream(PACK)


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        (1, 2, "begins with layer 2"),
        (3, 2, "are none"),
        (4, None, "ends with layer 3"),
        (2, FAR_ABOVE, "ends with layer 3"),
    ],
)
def test_layers_that_no_pack_has(first: int, last: int | None, sentence: str) -> None:
    with pytest.raises(RequestError, match=sentence):
        cut_pack(DATA, first, last)


def test_old_files_have_one_layer() -> None:
    old = write_old(STREAM, 2)
    assert first_layers(old, 1) == old
    with pytest.raises(RequestError, match="the file ends with layer 1"):
        cut_pack(old, 2)
