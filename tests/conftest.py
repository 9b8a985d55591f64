"""Offscreen Qt and a private home for settings, before anything of the application is imported."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
# The tests run on every core, and their networks are small: more threads would only wait for one another.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


sys.path.insert(0, str(Path(__file__).parent))

# How long an example takes says something about the machine, not about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


@pytest.fixture(autouse=True)
def private_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the settings, recent projects or demonstration of whoever runs it."""
    home = tmp_path / "aln-desk-home"
    monkeypatch.setenv("ALN_DESK_HOME", str(home))
    return home


@pytest.fixture(autouse=True, scope="session")
def empty_clipboard() -> Iterator[None]:
    """Offscreen Qt keeps what was copied until after Python has ended, and then trips over its Python part."""
    yield
    if (gui := sys.modules.get("PySide6.QtGui")) is not None and gui.QGuiApplication.instance() is not None:
        gui.QGuiApplication.clipboard().clear()


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """A project of 24 training and 8 test patients (see `small_study`)."""
    from small_study import make_study

    return make_study(tmp_path / "study")


@pytest.fixture
def random_model(tmp_path: Path) -> Path:
    """The folder of an untrained model that reads 64 px."""
    from small_study import make_model

    return make_model(tmp_path / "random-model")
