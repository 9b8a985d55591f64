from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.io import snapshots
from aln_desk.io.snapshots import Snapshot

ARRAYS = ("image", "drawn", "mask", "cam", "status", "outcome")


def made(count: int = 2, side: int = 8) -> Snapshot:
    rng = np.random.default_rng(0)
    square = (count, side, side)
    return Snapshot(
        250,
        [f"王/图 {number}.png" for number in range(count)],
        rng.integers(0, 256, (*square, 3), np.uint8),
        rng.integers(0, 3, square, np.uint8),
        rng.integers(0, 256, square, np.uint8),
        rng.standard_normal((count, 2, 3)).astype(np.float32),
        rng.random(count, np.float32),
        rng.integers(-1, 2, count, np.int8),
    )


@pytest.mark.parametrize("count", [0, 1, 6])
def test_a_snapshot_comes_back_exactly(tmp_path: Path, count: int) -> None:
    written = made(count)
    path = snapshots.path_of(tmp_path / "run", "mtl", 250)
    snapshots.write(path, written)
    read = snapshots.read(path)
    assert (read.step, read.instance) == (250, written.instance)
    for name in ARRAYS:
        assert getattr(read, name).dtype == getattr(written, name).dtype
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_snapshots_are_listed_by_step(tmp_path: Path) -> None:
    assert snapshots.listed(tmp_path) == []
    for step in (20_000, 250, 1_000):
        snapshots.write(snapshots.path_of(tmp_path, "mtl", step), made())
    (tmp_path / "snapshots" / ".aln-0123.tmp").write_bytes(b"half")
    names = [path.name for path in snapshots.listed(tmp_path)]
    assert names == ["mtl-0000250.h5", "mtl-0001000.h5", "mtl-0020000.h5"]


@pytest.mark.parametrize("name", ARRAYS)
def test_shapes_must_belong_together(name: str) -> None:
    whole = {field: getattr(made(), field) for field in ("step", "instance", *ARRAYS)}
    with pytest.raises(ValueError, match="shapes"):
        Snapshot(**{**whole, name: whole[name][:1]})


@pytest.mark.parametrize("name", ["instance", *ARRAYS])
def test_a_file_without_one_of_its_parts_is_damaged(tmp_path: Path, name: str) -> None:
    path = tmp_path / "s.h5"
    snapshots.write(path, made())
    with h5py.File(path, "r+") as file:
        del file[name]
    with pytest.raises(BadFile, match="damaged"):
        snapshots.read(path)


def test_a_promise_of_endless_pictures_is_damage(tmp_path: Path) -> None:
    path = tmp_path / "s.h5"
    snapshots.write(path, made())
    with h5py.File(path, "r+") as file:
        del file["mask"]
        file.create_dataset("mask", (2**20, 2**10, 2**10), np.uint8, chunks=(1, 8, 8))
    with pytest.raises(BadFile, match="damaged"):
        snapshots.read(path)


@given(content=st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_bad_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.h5"
    path.write_bytes(content)
    with pytest.raises(BadFile, match="damaged"):
        snapshots.read(path)


@settings(max_examples=60)
@given(st.lists(st.tuples(st.floats(0, 0.999), st.integers(0, 255)), min_size=1, max_size=8), st.floats(0.2, 1))
def test_a_spoilt_file_gives_a_snapshot_or_bad_file(
    tmp_path_factory: pytest.TempPathFactory, spoilt: list[tuple[float, int]], kept: float
) -> None:
    path = tmp_path_factory.getbasetemp() / "spoilt.h5"
    snapshots.write(path, made())
    content = bytearray(path.read_bytes())
    for place, value in spoilt:
        content[int(place * len(content))] = value
    path.write_bytes(content[: int(kept * len(content))])
    with suppress(BadFile):
        assert snapshots.read(path).image.dtype == np.uint8


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.h5"):
        snapshots.read(tmp_path / "none.h5")
