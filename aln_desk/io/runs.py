"""The trainings of a project as their folders tell: ``runs/<run>/run.json``, ``events.jsonl``, ``progress.json``."""

from __future__ import annotations

import json
import shutil
import sqlite3
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from aln_desk.domain.errors import BadFile, BadProject
from aln_desk.domain.messages import Message, Progress, from_line
from aln_desk.io import atomic

RECORD = "run.json"
EVENTS = "events.jsonl"
PROGRESS = "progress.json"
LOCK = "lock"
TRASH = ".trash"
TRASH_DAYS = 30
"""So long a run that was deleted can be moved back."""
STATES = ("running", "finished", "stopped", "failed")
_DELETED = "deleted"
"""Lies in a deleted run; its time is that of the deletion, which the folder's own is not."""
_TEXTS = ("preset", "started", "model", "digest", "stages", "device", "label", "group", "fold")


@dataclass(frozen=True, slots=True)
class Run:
    """One training. ``state`` is one of `STATES`; ``started`` ISO time or empty.

    ``model`` and ``digest`` name what a finished run made, ``figures`` what it reached (nothing for an undefined
    figure). ``recipe`` is the whole recipe as plain data, ``label`` the name that the user gave, ``seconds`` how long
    it worked, None where that is not recorded. Runs of one cross-validation share their ``group``; ``fold`` tells
    them apart.
    """

    name: str
    folder: Path
    preset: str = ""
    started: str = ""
    state: str = "failed"
    model: str = ""
    digest: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)
    stages: str = ""
    recipe: Mapping[str, Any] = field(default_factory=dict)
    device: str = ""
    label: str = ""
    group: str = ""
    fold: str = ""
    seconds: float | None = None


def read_runs(folder: Path) -> list[Run]:
    """Every run under a project's ``runs`` folder, newest first.

    A folder whose record is absent is no run; one whose record is damaged is a failed run of unknown date.
    """
    found = [read_run(path.parent) for path in folder.glob(f"*/{RECORD}")]
    return sorted(found, key=lambda run: (run.started, run.name), reverse=True)


def read_run(folder: Path) -> Run:
    """One run's record. Never raises: what cannot be read keeps its default."""
    record = _record(folder / RECORD)
    state, recipe, seconds = _text(record.get("state")), record.get("recipe"), record.get("seconds")
    return Run(
        folder.name,
        folder,
        **{name: _text(record.get(name)) for name in _TEXTS},
        state=state if state in STATES else "failed",
        figures=_figures(record.get("figures")),
        recipe=recipe if isinstance(recipe, dict) else {},
        seconds=float(seconds) if _is_number(seconds) else None,
    )


def held(folder: Path) -> bool:
    """Whether a process is at work on the run: it keeps an exclusive SQLite lock on the file ``lock``.

    The system lets go of that lock however the process ends, so a record that says ``running`` of a run that nobody
    holds was cut off.
    """
    if not (folder / LOCK).is_file():
        return False
    try:
        with closing(sqlite3.connect(f"{(folder / LOCK).absolute().as_uri()}?mode=ro", timeout=0, uri=True)) as lock:
            lock.execute("SELECT 1 FROM sqlite_master").fetchall()  # reading is refused while another has it to itself
    except sqlite3.OperationalError as error:
        return error.sqlite_errorcode == sqlite3.SQLITE_BUSY
    except sqlite3.DatabaseError:
        return False
    return False


def state_of(run: Run) -> str:
    """The run's state in one word: one of `STATES`, or ``interrupted`` where nobody works on what says it runs."""
    return "interrupted" if run.state == "running" and not held(run.folder) else run.state


def rename(run: Run, label: str) -> None:
    """Give the run a name for people (empty: none) in its record.

    Raises `BadProject` while a process is at work on it, which would write the record anew, and `BadFile` where the
    record cannot be read or written.
    """
    if held(run.folder):
        raise BadProject("This run is under way. Rename it when it has ended.")
    record = _record(run.folder / RECORD)
    if not record:
        raise BadFile(run.folder / RECORD, "cannot be read", "The run keeps its name")
    text = json.dumps({**record, "label": " ".join(label.split())}, indent=2, ensure_ascii=False)
    atomic.write_text(run.folder / RECORD, text + "\n")


def discard(run: Run) -> Path:
    """Move the run's folder to ``.trash`` beside it; give its new place. It can be moved back until `empty_trash`.

    The model that it made stays in the project. Raises `BadProject` while a process is at work on it, `BadFile` where
    the folder cannot be moved.
    """
    if held(run.folder):
        raise BadProject("This run is under way. Stop it before it is deleted.")
    trash = run.folder.parent / TRASH
    target, count = trash / run.folder.name, 2
    while target.exists():
        target, count = trash / f"{run.folder.name}-{count}", count + 1
    try:
        trash.mkdir(exist_ok=True)
        run.folder.rename(target)
    except OSError as error:
        raise BadFile(run.folder, f"could not be moved ({error.strerror or error})", "The run stays") from error
    _mark(target)
    return target


def empty_trash(runs: Path, now: float | None = None) -> list[Path]:
    """Remove for good what was deleted more than `TRASH_DAYS` days before ``now`` (seconds of the epoch); give which.

    An entry without a time of deletion is given that of now. What cannot be removed stays for the next time.
    """
    now = time.time() if now is None else now
    removed = []
    for entry in sorted((runs / TRASH).glob("*")):
        if entry.is_symlink() or not entry.is_dir():
            continue
        mark = entry / _DELETED
        if not mark.exists():
            _mark(entry)
        elif now - mark.stat().st_mtime > TRASH_DAYS * 86_400:
            shutil.rmtree(entry, ignore_errors=True)
            removed.append(entry)
    return removed


def read_progress(folder: Path) -> Progress | None:
    """How far the run was about a second ago; None where it told nothing."""
    try:
        message = from_line((folder / PROGRESS).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return message if isinstance(message, Progress) else None


def read_events(folder: Path) -> list[Message]:
    """The messages that a run kept, in order; lines that are none (a torn last line) are left out."""
    return EventTail(folder).read(torn=True)


class EventTail:
    """The messages of a run as they come, whichever process writes them."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / EVENTS
        self._offset = 0

    def read(self, torn: bool = False) -> list[Message]:
        """The messages added since the last call, in order; all of them again where the file became shorter.

        A last line without its newline is still being written and waits for the next call, unless ``torn``.
        """
        try:
            with self._path.open("rb") as file:
                size = file.seek(0, 2)
                file.seek(self._offset if self._offset <= size else 0)
                start, data = file.tell(), file.read()
        except OSError:
            return []
        whole = data if torn else data[: data.rfind(b"\n") + 1]
        self._offset = start + len(whole)
        lines = whole.decode("utf-8", errors="replace").split("\n")
        return [message for line in lines if (message := from_line(line)) is not None]


def _mark(folder: Path) -> None:
    """Note when the run was deleted; without the note it only stays longer."""
    with suppress(OSError):
        (folder / _DELETED).touch()


def _record(path: Path) -> dict[str, Any]:
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return record if isinstance(record, dict) else {}


def _text(value: Any) -> str:
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""


def _is_number(value: Any) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool) and -1e300 < value < 1e300


def _figures(value: Any) -> dict[str, float]:
    entries = value.items() if isinstance(value, dict) else ()
    return {name: float(figure) for name, figure in entries if _is_number(figure)}
