"""One window at a time edits a project's outlines."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import asdict, replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.io import lock
from aln_desk.io.lock import FILE, Owner, ProjectLock, read


def held_by(folder: Path, **changes: object) -> Owner:
    """As if another process had taken the lock."""
    taken = ProjectLock(folder)
    assert taken.acquire() is None
    mine = read(folder / FILE)
    assert mine is not None
    owner = replace(mine, token="another", **changes)  # type: ignore[arg-type]
    (folder / FILE).write_text(json.dumps(asdict(owner)), encoding="utf-8")
    return owner


def test_it_is_taken_and_given_back(tmp_path: Path) -> None:
    taken = ProjectLock(tmp_path)
    assert taken.acquire() is None
    owner = read(tmp_path / FILE)
    assert owner is not None and owner.pid == os.getpid()
    assert owner.user in owner.words() and owner.host in owner.words()
    assert ProjectLock(tmp_path).acquire() is None  # the same process
    taken.release()
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_keeps_it(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        owner = held_by(tmp_path, pid=child.pid, since=time.time() + 1)
        assert ProjectLock(tmp_path).acquire() == owner
        child.communicate(b"\n")
    assert ProjectLock(tmp_path).acquire() is None


def test_a_later_process_of_the_same_number_is_another(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        held_by(tmp_path, pid=child.pid, since=time.time() - 3600)
        assert ProjectLock(tmp_path).acquire() is None
        child.communicate(b"\n")


def test_another_computer_is_believed_and_can_be_taken_over_from(tmp_path: Path) -> None:
    owner = held_by(tmp_path, host="elsewhere", pid=1, since=1.0)
    mine = ProjectLock(tmp_path)
    assert mine.acquire() == owner and mine.lost() is None
    mine.take_over()
    held = read(tmp_path / FILE)
    assert held is not None and held.pid == os.getpid()
    assert mine.lost() is None


def test_who_lost_it_finds_out_and_leaves_it_to_the_other(tmp_path: Path) -> None:
    mine = ProjectLock(tmp_path)
    assert mine.acquire() is None
    held = read(tmp_path / FILE)
    assert held is not None
    other = replace(held, host="elsewhere", token="another")
    (tmp_path / FILE).write_text(json.dumps(asdict(other)), encoding="utf-8")
    assert mine.lost() == other
    mine.release()
    assert read(tmp_path / FILE) == other


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"host": "x"}', b"null", b"\xff"])
def test_a_damaged_lock_keeps_nobody_out(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE).write_bytes(content)
    os.utime(tmp_path / FILE, (1, 1))
    assert ProjectLock(tmp_path).acquire() is None
    assert read(tmp_path / FILE) is not None


def test_where_nothing_can_be_written_the_right_is_given(tmp_path: Path) -> None:
    taken = ProjectLock(tmp_path / "none")
    assert taken.acquire() is None and taken.lost() is None
    taken.release()


@given(st.binary(max_size=60) | st.recursive(st.none() | st.text(), st.lists).map(lambda v: json.dumps(v).encode()))
def test_any_file_is_read_or_passed_over(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.lock"
    path.write_bytes(content)
    assert lock.read(path) is None
