import os
from pathlib import Path

import pytest

from nervcodec.errors import OutputError
from nervcodec.files import check_target, replacing, replacing_folder


def test_a_file_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with replacing(target) as path:
        path.write_bytes(b"new")
        assert not target.exists()
    assert target.read_bytes() == b"new"
    assert list(tmp_path.iterdir()) == [target]


def test_or_not_at_all(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    target.write_bytes(b"old")

    def interrupted() -> None:
        with replacing(target) as path:
            path.write_bytes(b"half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert target.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_keeps_what_it_had(tmp_path: Path) -> None:
    folder = tmp_path / "frames"
    folder.mkdir()
    (folder / "other").write_bytes(b"kept")
    with replacing_folder(folder) as path:
        (path / "1.png").write_bytes(b"new")
    assert {p.name for p in folder.iterdir()} == {"other", "1.png"}
    assert [p.name for p in tmp_path.iterdir()] == ["frames"]


def test_what_the_system_refuses_is_an_output_error(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="No such file"), replacing(tmp_path / "no" / "a.bin") as path:
        path.write_bytes(b"")


def test_check_target(tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    check_target(target, overwrite=False)
    target.touch()
    check_target(target, overwrite=True)
    with pytest.raises(OutputError, match="exists"):
        check_target(target, overwrite=False)
    with pytest.raises(OutputError, match="is a folder, not a file"):
        check_target(tmp_path, overwrite=True)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OutputError, match="is a pipe or a device, not a file"):
        check_target(tmp_path / "pipe", overwrite=True)
    with pytest.raises(OutputError, match="too long"):
        check_target(tmp_path / ("a" * 300), overwrite=True)
    with pytest.raises(OutputError, match="there is no folder"):
        check_target(tmp_path / "no" / "a.bin", overwrite=True)
