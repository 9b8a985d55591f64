"""Tokens: exact round trip, and a file of another model is refused."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadFile, BadModel, MissingFile
from aln_desk.io import tokens
from aln_desk.io.tokens import Tokens


def made(names: list[str]) -> Tokens:
    count = len(names)
    values = np.random.default_rng(0).standard_normal((count, 256)).astype(np.float32)
    views = ["tumour"] * count
    return Tokens(names, [name[:2] for name in names], views, values, values[:, 0], -values[:, 0], values[:, 1], "abc")


@pytest.mark.parametrize("names", [[], ["P1/a.png"], ["王/图 1.png", "P 2/b.png", "P 2/c.png"]])
def test_tokens_come_back_exactly(tmp_path: Path, names: list[str]) -> None:
    written = made(names)
    tokens.write(tmp_path / "new" / "tokens.h5", written)
    read = tokens.read(tmp_path / "new" / "tokens.h5", "abc")
    assert (read.instance, read.patient, read.view) == (names, written.patient, written.view)
    for name in ("token", "status_logit", "lesion_logit"):
        assert getattr(read, name).dtype == np.float32
        np.testing.assert_array_equal(getattr(read, name), getattr(written, name))


def test_tokens_of_another_model_are_refused(tmp_path: Path) -> None:
    tokens.write(tmp_path / "t.h5", made(["P1/a.png"]))
    with pytest.raises(BadModel, match=r"model abc, not def"):
        tokens.read(tmp_path / "t.h5", "def")


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="different lengths"):
        Tokens(["a"], ["p"], ["tumour"], np.zeros((2, 256), np.float32), np.zeros(1), np.zeros(1), np.zeros(1), "abc")


def test_a_file_without_its_parts_is_damaged(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "t.h5", "w") as file:
        file.attrs["model"] = "abc"
        file["instance"] = [1.0, 2.0]
    with pytest.raises(BadFile, match="damaged"):
        tokens.read(tmp_path / "t.h5", "abc")


@given(content=st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_bad_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.h5"
    path.write_bytes(content)
    with pytest.raises(BadFile, match="damaged"):
        tokens.read(path, "abc")
    assert path.read_bytes() == content


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match=r"none\.h5"):
        tokens.read(tmp_path / "none.h5", "abc")
