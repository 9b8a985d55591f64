"""Who has a project's outlines open for editing: a small file in the project's folder names the one window that may.

The file says host, process, user and since when. One that a dead process of this computer left behind counts for
nothing. One of another computer is believed: nobody here can know whether its process still lives.
"""

from __future__ import annotations

import getpass
import json
import os
import secrets
import socket
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

FILE = "outlines.lock"
_FRESH_SECONDS = 2.0
_CLOCK_SECONDS = 2.0
"""How far the two clocks, the system's for processes and the one of day, may lie apart."""


@dataclass(frozen=True, slots=True)
class Owner:
    """A process that holds the lock ``since`` so many seconds after 1970; ``token`` is this lock's own."""

    host: str
    pid: int
    user: str
    since: float
    token: str

    def words(self) -> str:
        """Who that is, for people."""
        return f"{self.user} on {self.host} (since {datetime.fromtimestamp(self.since):%Y-%m-%d %H:%M})"


class ProjectLock:
    """The right to edit the outlines of the project in ``folder``. Never raises: where no lock can be written (a
    read-only folder) nobody can be kept out, and the right is given.
    """

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self._mine: Owner | None = None

    def acquire(self) -> Owner | None:
        """Take the lock where it is free, held by this process, or left by a dead one; else who has it."""
        for _ in range(3):
            if self._create():
                return None
            holder = read(self.path)
            if holder is not None and _lives(holder):
                return holder
            if holder is None and _is_fresh(self.path):
                time.sleep(0.05)  # it is being written at this moment
            else:
                with suppress(OSError):
                    self.path.unlink(missing_ok=True)
        return None

    def take_over(self) -> None:
        """Take the lock from whoever has it; that one finds out by `lost`."""
        with suppress(OSError):
            self.path.unlink(missing_ok=True)
        self.acquire()

    def lost(self) -> Owner | None:
        """Who took the lock over; None while it is ours, or was never written."""
        if self._mine is None:
            return None
        holder = read(self.path)
        return holder if holder is not None and holder.token != self._mine.token and not _is_own(holder) else None

    def release(self) -> None:
        """Give the lock back where it is ours."""
        holder = read(self.path) if self._mine is not None else None
        if holder is not None and self._mine is not None and holder.token == self._mine.token:
            with suppress(OSError):
                self.path.unlink(missing_ok=True)
        self._mine = None

    def _create(self) -> bool:
        """Whether the right is ours now: the file was free or of this process, or cannot be written at all."""
        mine = _this_process()
        try:
            file = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            holder = read(self.path)
            if holder is None or not _is_own(holder):
                return False
            self._mine = holder
            return True
        except OSError:
            return True
        with os.fdopen(file, "wb") as opened:
            opened.write(json.dumps(asdict(mine)).encode())
        self._mine = mine
        return True


def read(path: Path) -> Owner | None:
    """Who holds the lock in that file; None where there is none, or none that can be understood."""
    try:
        record = json.loads(path.read_bytes())
        return Owner(
            str(record["host"]),
            int(record["pid"]),
            str(record["user"]),
            float(record["since"]),
            str(record["token"]),
        )
    except (OSError, ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None


def _this_process() -> Owner:
    return Owner(socket.gethostname(), os.getpid(), _user(), time.time(), secrets.token_hex(8))


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "somebody"


def _is_own(holder: Owner) -> bool:
    return (holder.host, holder.pid) == (socket.gethostname(), os.getpid()) and _lives(holder)


def _lives(holder: Owner) -> bool:
    """Whether the process is still there, as far as can be known from here. One of its number that began after the
    lock was made is another.
    """
    if holder.host != socket.gethostname():
        return True
    import psutil  # slow to load, and needed only where somebody's lock was found

    try:
        return float(psutil.Process(holder.pid).create_time()) < holder.since + _CLOCK_SECONDS
    except psutil.Error:
        return False


def _is_fresh(path: Path) -> bool:
    try:
        return time.time() - path.stat().st_mtime < _FRESH_SECONDS
    except OSError:
        return False
