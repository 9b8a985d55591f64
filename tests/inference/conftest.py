"""Exported networks are kept for all tests of this folder: exporting is slow, and what is exported never differs."""

from __future__ import annotations

from pathlib import Path

import pytest

from aln_desk import paths


@pytest.fixture(scope="session")
def shared_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(autouse=True)
def kept_exports(shared_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(paths, "user_cache", lambda: shared_cache)
