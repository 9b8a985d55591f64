"""Offscreen Qt and a private home for settings, before anything of the application is imported."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The networks of the tests are small: more threads would wait for one another longer than they work.
os.environ.setdefault("OMP_NUM_THREADS", "2")


# How long an example takes says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the settings, recent projects or demonstration of whoever runs it."""
    home = tmp_path / "aln-desk-home"
    monkeypatch.setenv("ALN_DESK_HOME", str(home))
    return home
