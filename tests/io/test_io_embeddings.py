from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from aln_desk.io import embeddings
from aln_desk.io.embeddings import Embedding

FEATURES = np.random.default_rng(0).normal(size=(3, 4, 4)).astype(np.float16)


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    embeddings.keep(tmp_path / "new", "model", "image", Embedding(FEATURES, 90, 150))
    found = embeddings.kept(tmp_path / "new", "model", "image")
    assert found is not None
    assert (found.height, found.width) == (90, 150)
    assert found.features.dtype == np.float16 and np.array_equal(found.features, FEATURES)
    assert embeddings.kept(tmp_path / "new", "other model", "image") is None
    assert embeddings.kept(tmp_path / "new", "model", "other image") is None


@pytest.mark.parametrize("content", [b"", b"nonsense"])
def test_a_damaged_file_is_none(tmp_path: Path, content: bytes) -> None:
    embeddings.keep(tmp_path, "model", "image", Embedding(FEATURES, 90, 150))
    (file,) = tmp_path.glob("*.h5")
    file.write_bytes(content)
    assert embeddings.kept(tmp_path, "model", "image") is None


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    embeddings.keep(tmp_path / "file", "model", "image", Embedding(FEATURES, 90, 150))
    assert embeddings.kept(tmp_path / "file", "model", "image") is None


def test_the_longest_unused_go_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embeddings, "KEPT", 2)
    for at, image in enumerate("ab"):
        embeddings.keep(tmp_path, "model", image, Embedding(FEATURES, 1, 1))
        os.utime(tmp_path / f"model-{image}.h5", (at, at))
    assert embeddings.kept(tmp_path, "model", "a") is not None  # used just now
    embeddings.keep(tmp_path, "model", "c", Embedding(FEATURES, 1, 1))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model-a.h5", "model-c.h5"]
