from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from aln_desk.domain.errors import BadFile
from aln_desk.io.atomic import replacing, sweep, write_bytes, write_text

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX modes and links")


def test_a_file_is_made_and_replaced(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    write_bytes(path, b"one")
    write_bytes(str(path), b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_text_is_utf8_with_its_newlines(tmp_path: Path) -> None:
    write_text(tmp_path / "ä.txt", "ü\nx\r\n")
    assert (tmp_path / "ä.txt").read_bytes() == "ü\nx\r\n".encode()


def test_the_longest_name_can_be_written(tmp_path: Path) -> None:
    write_bytes(tmp_path / ("x" * 255), b"1")
    assert (tmp_path / ("x" * 255)).read_bytes() == b"1"


@posix
def test_the_mode_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.touch()
    path.chmod(0o640)
    write_bytes(path, b"1")
    assert path.stat().st_mode & 0o777 == 0o640


@posix
def test_a_new_file_has_the_usual_mode(tmp_path: Path) -> None:
    (tmp_path / "plain").touch()
    write_bytes(tmp_path / "a", b"1")
    assert (tmp_path / "a").stat().st_mode == (tmp_path / "plain").stat().st_mode


@posix
def test_a_link_keeps_pointing(tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"old")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "real").read_bytes() == b"new"


def test_a_failed_block_leaves_the_old_file_alone(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    with pytest.raises(KeyError), replacing(path) as temporary:
        temporary.write_bytes(b"half")
        raise KeyError
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_full_disk_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(BadFile, match=r"a: could not be written \(No space left on device\)"):
        write_bytes(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_the_content_is_on_the_disk_before_the_name_changes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    seen: list[bytes] = []
    fsync = os.fsync

    def watched(file: int) -> None:
        seen.append(path.read_bytes())
        fsync(file)

    monkeypatch.setattr(os, "fsync", watched)
    write_bytes(path, b"new")
    assert seen == ([b"old"] if sys.platform == "win32" else [b"old", b"new"])  # the second: the folder's own


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="folder exists"):
        write_bytes(tmp_path / "none" / "a", b"1")


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(BadFile):
        write_bytes(tmp_path / "a", b"1")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_what_killed_processes_left_is_swept_and_nothing_else(tmp_path: Path) -> None:
    left, fresh, other = (tmp_path / name for name in (".aln-1.tmp", ".aln-2.tmp", "other.tmp"))
    for file in (left, fresh, other):
        file.write_bytes(b"x")
    for file in (left, other):
        os.utime(file, (1, 1))
    sweep(tmp_path)
    assert sorted(tmp_path.iterdir()) == [fresh, other]
    sweep(tmp_path / "none")
