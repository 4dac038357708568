from dataclasses import replace
from pathlib import Path

import pytest

import nervcodec
from nervcodec.bitstream.container import read_stream, write_stream
from nervcodec.codec.stream.layers import LayersReport, layer_configs
from nervcodec.errors import CorruptStream, OutputError, RequestError, TruncatedStream, UnsupportedStream, VideoError
from tests.bitstream.test_container import DATA, ENDS, HEADER, LAYERS, STREAM
from tests.golden.make import FOLDER


@pytest.fixture
def three(tmp_path: Path) -> Path:
    """A file of three layers."""
    path = tmp_path / "three.nerv"
    path.write_bytes(DATA)
    return path


def test_extracted_and_merged_the_file_is_the_same(three: Path, tmp_path: Path) -> None:
    base, second, third, whole = (str(tmp_path / name) for name in ("base.nerv", "2.pack", "3.pack", "whole.nerv"))
    assert nervcodec.extract(str(three), base, 1) == LayersReport(file_bytes=ENDS[0], layers=1)
    assert nervcodec.extract_pack(str(three), second, 2, 2).layers == 1
    assert nervcodec.extract_pack(str(three), third, 3).layers == 1
    assert nervcodec.merge(base, [second, third], whole) == LayersReport(file_bytes=len(DATA), layers=3)
    assert Path(whole).read_bytes() == DATA
    assert nervcodec.extract_pack(str(three), second, 2, overwrite=True).layers == 2
    assert nervcodec.merge(base, [second], base, overwrite=True).layers == 3
    assert Path(base).read_bytes() == DATA


def test_what_does_not_fit_names_its_file_and_writes_nothing(three: Path, tmp_path: Path) -> None:
    pack, other, out = tmp_path / "2.pack", tmp_path / "other.nerv", tmp_path / "out.nerv"
    nervcodec.extract_pack(str(three), str(pack), 2)
    other.write_bytes(write_stream(replace(STREAM, header=replace(HEADER, segments=(300, 48)), layers=LAYERS[:1])))
    with pytest.raises(CorruptStream, match=f"^{pack}: the pack belongs to another base$"):
        nervcodec.merge(str(other), [str(pack)], str(out))
    other.write_bytes(other.read_bytes()[:-1])
    with pytest.raises(TruncatedStream, match=f"^{other}: layer 1"):
        nervcodec.merge(str(other), [str(pack)], str(out))
    with pytest.raises(UnsupportedStream, match=f"^{other}: not an enhancement pack"):
        nervcodec.merge(str(three), [str(other)], str(out))
    with pytest.raises(UnsupportedStream, match=f"^{pack}: an enhancement pack alone"):
        nervcodec.probe(str(pack))
    with pytest.raises(UnsupportedStream, match=f"^{pack}: an enhancement pack alone"):
        nervcodec.extract(str(pack), str(out), 1)
    with pytest.raises(VideoError, match="No such file"):
        nervcodec.merge(str(three), [str(tmp_path / "none.pack")], str(out))
    with pytest.raises(RequestError, match="layer 4 is asked for"):
        nervcodec.extract(str(three), str(out), 4)
    assert not out.exists()


def test_nothing_is_overwritten_unasked(three: Path) -> None:
    path = str(three)
    with pytest.raises(OutputError, match="-y replaces it"):
        nervcodec.extract(path, path, 1)
    with pytest.raises(OutputError, match="-y replaces it"):
        nervcodec.extract_pack(path, path, 2)
    with pytest.raises(OutputError, match="-y replaces it"):
        nervcodec.merge(path, [], path)
    assert three.read_bytes() == DATA


def test_a_file_of_an_old_version_is_copied_whole(tmp_path: Path) -> None:
    old, out = FOLDER / "v1" / "dnerv.nerv", tmp_path / "out.nerv"
    assert nervcodec.extract(str(old), str(out), 1).layers == 1
    assert out.read_bytes() == old.read_bytes()


def test_the_layer_of_an_unknown_network_is_named() -> None:
    known = read_stream((FOLDER / "v2" / "dnerv.nerv").read_bytes())
    assert len(layer_configs(known)) == 1
    with pytest.raises(UnsupportedStream, match=r"^layer 2: model 200 is not known .*--layers 1$"):
        layer_configs(replace(known, layers=(*known.layers, LAYERS[0])))
