"""Replace a file whole or not at all: the last good state survives a full disk, a crash and a pulled plug."""

from __future__ import annotations

import os
import secrets
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from aln_desk.domain.errors import BadFile

_STAGED = ".aln-"
_FORGOTTEN_SECONDS = 60.0


def write_bytes(path: str | Path, data: bytes) -> None:
    """Make ``data`` the whole content of ``path``; see `replacing` for what is promised."""
    with replacing(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Make ``text`` (UTF-8, newlines as they stand) the whole content of ``path``; see `replacing`."""
    write_bytes(path, text.encode("utf-8"))


def move(path: Path, target: Path) -> None:
    """Give a file another name on the same disk: the folder is made, an older file of that name replaced.

    Raises `BadFile` where that fails; the file then still has its old name.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        path.replace(target)
    except OSError as error:
        raise BadFile(
            path,
            f"could not be moved to {target} ({error.strerror or error})",
            "Close other programs that use it and check that its folder may be written to; the file is unchanged",
        ) from error


def remove(path: Path) -> None:
    """Delete a file, which need not exist. Raises `BadFile` where that fails."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise BadFile(
            path,
            f"could not be deleted ({error.strerror or error})",
            "Close other programs that use it and check that its folder may be written to",
        ) from error


def sync_folder(folder: Path) -> None:
    """Put the names in a folder on the disk (fsync), where the system can do that: Windows cannot and need not."""
    with suppress(OSError):
        opened = os.open(folder, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0))
        try:
            os.fsync(opened)
        finally:
            os.close(opened)


def sweep(folder: Path) -> None:
    """Remove the temporary files that processes which were killed left in a folder; what is being written stays."""
    with suppress(OSError):
        for left in folder.glob(f"{_STAGED}*.tmp"):
            if time.time() - left.stat().st_mtime > _FORGOTTEN_SECONDS:
                left.unlink(missing_ok=True)


@contextmanager
def replacing(path: str | Path) -> Iterator[Path]:
    """Yield an empty temporary file beside ``path`` that takes its place when the block ends well.

    The new content is on the disk (fsync) before the name changes hands, so a reader finds the old file or the new
    one, never a part; the folder is synced after it, so that a power cut does not bring the old file back. The old
    file's POSIX mode is kept and a symbolic link keeps pointing where it did. If the block or the replacement fails,
    the old file stays as it was and the temporary one is removed.

    Raises `BadFile` where the folder is missing, read-only or full; other errors of the block pass through.
    """
    target = Path(os.path.realpath(path))
    # Not derived from the target's name: that may already be as long as the file system allows.
    temporary = target.with_name(f"{_STAGED}{secrets.token_hex(8)}.tmp")
    try:
        temporary.open("xb").close()
        yield temporary
        _settle(temporary, target)
    except OSError as error:
        raise BadFile(
            path,
            f"could not be written ({error.strerror or error})",
            "Check that the folder exists, may be written to and has space left; the old file is unchanged",
        ) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _settle(temporary: Path, target: Path) -> None:
    with temporary.open("rb+") as file:
        os.fsync(file.fileno())
    with suppress(FileNotFoundError):
        temporary.chmod(stat.S_IMODE(target.stat().st_mode))
    temporary.replace(target)
    sync_folder(target.parent)
