"""Opening ``project.sqlite`` and turning SQLite's errors into sentences."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from aln_desk.domain.errors import BadProject
from aln_desk.io import schema

BUSY_SECONDS = 10.0
"""How long a write waits for another process to finish its own."""

_BUSY = "another program is writing to this project; wait a moment and try again"
_READ_ONLY = "this project cannot be written to; copy its folder to a place where you may write"
_DAMAGED = "this is no project or it is damaged; it was left untouched, restore it from a backup"
_SENTENCES = {
    "SQLITE_BUSY": _BUSY,
    "SQLITE_LOCKED": _BUSY,
    "SQLITE_READONLY": _READ_ONLY,
    "SQLITE_CANTOPEN": _READ_ONLY,
    "SQLITE_PERM": _READ_ONLY,
    "SQLITE_FULL": "the disk is full; make space and try again",
    "SQLITE_IOERR": "the disk could not be read or written; check it and try again",
}


def connect(database: Path) -> sqlite3.Connection:
    """A connection in autocommit mode, with write-ahead log and foreign keys, the tables up to date.

    The file is made when absent. Raises sqlite3.Error; see `sentences`.
    """
    connection = sqlite3.connect(database, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA foreign_keys = ON")
        schema.migrate(connection)
    except sqlite3.Error:
        connection.close()
        raise
    return connection


def inspect(database: Path) -> None:
    """Raise BadProject for anything but a whole project of this version or older; writes nothing."""
    connection = sqlite3.connect(database, timeout=BUSY_SECONDS)
    try:
        if not schema.is_project(connection):
            raise BadProject(f"{database}: {_DAMAGED}.")
        if schema.version(connection) > len(schema.MIGRATIONS):
            raise BadProject(f"{database}: a newer ALN Desk made this project; update ALN Desk to open it.")
        if connection.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            raise BadProject(f"{database}: {_DAMAGED}.")
    finally:
        connection.close()


@contextmanager
def writing(connection: sqlite3.Connection, database: Path) -> Iterator[sqlite3.Connection]:
    """One transaction: everything the block writes is stored, or nothing where it raises; BadProject as `sentences`."""
    with sentences(database):
        connection.execute("BEGIN IMMEDIATE")
        try:
            yield connection
            connection.commit()
        finally:
            connection.rollback()  # does nothing after the commit


@contextmanager
def sentences(path: Path) -> Iterator[None]:
    """Turn what SQLite and the disk refuse inside the block into a BadProject that names ``path``."""
    try:
        yield
    except sqlite3.ProgrammingError:
        raise  # ours, not the user's: a closed project, another thread
    except sqlite3.IntegrityError as error:
        raise BadProject(f"{path}: the project refused a value ({error}).") from error
    except sqlite3.DatabaseError as error:
        name = "_".join(getattr(error, "sqlite_errorname", "").split("_")[:2])
        raise BadProject(f"{path}: {_SENTENCES.get(name, _DAMAGED)}.") from error
    except OSError as error:
        raise BadProject(f"{path}: {error.strerror}; choose a place where you may read and write.") from error
    except UnicodeEncodeError as error:
        raise BadProject(f"{error.object!a}: this name cannot be stored; rename it.") from error
