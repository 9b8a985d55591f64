"""HDF5 files that are written whole and then only read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.io import atomic

if TYPE_CHECKING:
    import h5py


@contextmanager
def writing(path: Path) -> Iterator[h5py.File]:
    """An empty file that replaces ``path`` when the block ends well; its folder is made."""
    import h5py

    with suppress(OSError):  # writing then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    with atomic.replacing(path) as temporary, h5py.File(temporary, "w") as file:
        yield file


@contextmanager
def reading(path: Path, remedy: str) -> Iterator[h5py.File]:
    """An existing file; a missing one, a damaged one and missing parts become a BadFile with ``remedy``.

    No lock is taken: a file never changes once it has its name, and locks fail on network shares.
    """
    import h5py

    if not path.is_file():
        raise MissingFile(path, "does not exist", remedy)
    try:
        with h5py.File(path, "r", locking=False) as file:
            yield file
    except (OSError, KeyError, ValueError, TypeError, AttributeError, RuntimeError) as error:
        raise BadFile(path, "is damaged or was not written by ALN Desk", remedy) from error
