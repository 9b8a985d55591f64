"""A run's own folder: what was asked (``run.json``), every message (``events.jsonl``), the loops' checkpoints."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Message, Progress, to_line
from aln_desk.io import atomic

FILE = "run.json"
EVENTS = "events.jsonl"


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What ``run.json`` holds. ``state`` is running, finished, stopped or failed; ``recipe`` as `presets.to_dict`.

    ``base`` is the model folder whose stage 1 is used as it stands (stages ``mil`` only), else empty.
    """

    run: str
    preset: str
    stages: str
    started: str
    recipe: dict[str, Any]
    cohorts: list[str]
    base: str = ""
    data_digest: str = ""
    state: str = "running"
    model: str = ""
    digest: str = ""
    figures: dict[str, float | None] = field(default_factory=dict)


class RunFolder:
    """One run on disk. Every change of the record is written at once.

    As a context it is held by this process alone; the system lets go of it when the process ends, however it ends.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self._lock: sqlite3.Connection | None = None

    def __enter__(self) -> RunFolder:
        # SQLite's lock of an empty database: the one lock of the standard library that every system has.
        self._lock = sqlite3.connect(self.folder / "lock", timeout=0, isolation_level=None)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._lock.close()
            raise BadProject(f"Run {self.record.run} is under way in another process. Stop that one first.") from error
        self.change(state="running")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self._lock.close()

    @classmethod
    def create(cls, runs: Path, record: RunRecord) -> RunFolder:
        """A new folder under ``runs``, named by time and preset; a number is added where that name is taken."""
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{record.preset}"
        folder, count = runs / stamp, 2
        while folder.exists():
            folder, count = runs / f"{stamp}-{count}", count + 1
        folder.mkdir(parents=True)
        return cls(folder, replace(record, run=folder.name))

    @classmethod
    def find(cls, runs: Path, name: str) -> RunFolder:
        """The run of that name, or with an empty name the latest that did not finish; `BadProject` if none."""
        folders = [runs / name] if name else sorted(runs.glob("*"), reverse=True)
        for folder in (f for f in folders if (f / FILE).exists()):
            record = _read(folder / FILE)
            if name or record.state != "finished":
                return cls(folder, record)
        raise BadProject(f"{runs}: there is no run{f' {name}' if name else ''} to resume. Start a new one.")

    def change(self, **values: Any) -> None:
        """Replace these entries of the record and write it."""
        self.record = replace(self.record, **values)
        text = json.dumps(_finite(asdict(self.record)), indent=2, ensure_ascii=False)
        atomic.write_text(self.folder / FILE, text + "\n")

    def recorder(self, emit: Callable[[Message], None]) -> Callable[[Message], None]:
        """``emit``, with every message but mere progress also kept in ``events.jsonl``."""

        def record(message: Message) -> None:
            if not isinstance(message, Progress):
                with (self.folder / EVENTS).open("a", encoding="utf-8") as file:
                    file.write(to_line(message) + "\n")
            emit(message)

        return record


def now() -> str:
    """The present moment in UTC, ISO 8601, whole seconds."""
    return datetime.now(UTC).isoformat(timespec="seconds")


def _read(path: Path) -> RunRecord:
    try:
        return RunRecord(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise BadSetting(f"{path}: this run cannot be read ({error}). Start a new one.") from error


def _finite(record: dict[str, Any]) -> dict[str, Any]:
    figures = {k: v if v is not None and v == v else None for k, v in record["figures"].items()}
    return {**record, "figures": figures}
