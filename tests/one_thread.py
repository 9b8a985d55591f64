"""Garbage is looked for between tests, on the thread of the widgets, as in the application (`gui.garbage`)."""

from __future__ import annotations

import gc
from collections.abc import Iterator

import pytest

_MUCH = 20_000


@pytest.fixture(autouse=True, scope="module")
def no_garbage_elsewhere() -> Iterator[None]:
    """No worker thread frees a widget while the tests of a module run."""
    gc.disable()
    yield
    gc.collect()
    gc.enable()


@pytest.fixture(autouse=True)
def garbage_between_tests() -> Iterator[None]:
    yield
    if gc.get_count()[0] > _MUCH:
        gc.collect()
