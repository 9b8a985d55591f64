"""A run's own folder: what was asked (``run.json``), every message (``events.jsonl``), every figure (``log.csv``), how
far it is (``progress.json``), the loops' checkpoints. A file named ``stop`` asks the run to stop cleanly.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.messages import Curve, Message, Progress, to_line
from aln_desk.io import atomic

FILE = "run.json"
EVENTS = "events.jsonl"
PROGRESS = "progress.json"
LOG = "log.csv"
LOG_COLUMNS = ("stage", "part", "step", "name", "value")
STOP = "stop"
TELL_EVERY_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class RunRecord:
    """What ``run.json`` holds. ``state`` is running, finished, stopped or failed; ``recipe`` as `presets.to_dict`.

    ``base`` is the model folder whose stage 1 is used as it stands (stages ``mil`` and ``fusion``), else empty.
    ``fold`` is ``2/5`` for the second of five, else empty; runs of one command share their ``group``, and ``rest`` are
    folds and seeds of those that were to come after this one. ``like`` names
    the run whose settings were taken over. ``seconds`` is the time spent in all processes that worked on it.
    ``threads`` are torch's at the start; whoever goes on with the run works in as many, as another number would change
    the last bits of a CPU's sums.
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
    fold: str = ""
    group: str = ""
    rest: list[tuple[str, int]] = field(default_factory=list)
    like: str = ""
    label: str = ""
    device: str = ""
    versions: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    threads: int = 0


class RunFolder:
    """One run on disk. Every change of the record is written at once.

    As a context it is held by this process alone; the system lets go of it when the process ends, however it ends.
    """

    def __init__(self, folder: Path, record: RunRecord) -> None:
        self.folder = folder
        self.record = record
        self.patience = 1.0
        """Seconds to wait for another process that holds this run; who merely looks holds it for an instant."""
        self._lock: sqlite3.Connection | None = None
        self._began = time.monotonic()

    def __enter__(self) -> RunFolder:
        # SQLite's lock of an empty database: the one lock of the standard library that every system has.
        self._lock = sqlite3.connect(self.folder / "lock", timeout=self.patience, isolation_level=None)
        try:
            self._lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            self._lock.close()
            raise BadProject(f"Run {self.record.run} is under way in another process. Stop that one first.") from error
        # Only now is its record sure to be the last word of whoever held it before.
        self.record = _read(self.folder / FILE) if (self.folder / FILE).exists() else self.record
        (self.folder / STOP).unlink(missing_ok=True)
        self._began = time.monotonic()
        if self.record.state != "finished":
            self.change(state="running")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._lock is not None:
            self.change(seconds=round(self.record.seconds + time.monotonic() - self._began, 1))
            self._lock.close()

    @property
    def stop_asked(self) -> bool:
        """Whether somebody put the file ``stop`` into the folder."""
        return (self.folder / STOP).exists()

    @classmethod
    def create(cls, runs: Path, record: RunRecord) -> RunFolder:
        """A new folder under ``runs``, named by time and preset, or by what needs none (``clinical``, ``fusion``); a
        number is added where that name is taken.
        """
        kind = record.stages if record.stages in ("clinical", "fusion") else record.preset
        stamp = f"{datetime.now():%Y%m%d-%H%M%S}-{kind}"
        folder, count = runs / stamp, 2
        while folder.exists():
            folder, count = runs / f"{stamp}-{count}", count + 1
        folder.mkdir(parents=True)
        return cls(folder, replace(record, run=folder.name))

    @classmethod
    def find(cls, runs: Path, name: str) -> RunFolder:
        """The run of that name, or with an empty name the latest that did not finish; `BadProject` if none."""
        folders = [runs / name] if name else sorted(runs.glob("[!.]*"), reverse=True)
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
        """``emit``, with every message also kept on disk: progress only as it last was, at most once a second."""
        told = 0.0

        def record(message: Message) -> None:
            nonlocal told
            if not isinstance(message, Progress):
                self._append(EVENTS, to_line(message) + "\n")
            elif time.monotonic() - told >= TELL_EVERY_SECONDS or message.done == message.total:
                told = time.monotonic()
                (self.folder / f"{PROGRESS}.part").write_text(to_line(message) + "\n", encoding="utf-8")
                (self.folder / f"{PROGRESS}.part").replace(self.folder / PROGRESS)
            if isinstance(message, Curve):
                self._log(message)
            emit(message)

        return record

    def _log(self, curve: Curve) -> None:
        rows = [f"{curve.stage},{curve.part},{curve.step},{name},{value!r}\n" for name, value in curve.values.items()]
        if not (self.folder / LOG).exists():
            rows.insert(0, ",".join(LOG_COLUMNS) + "\n")
        self._append(LOG, "".join(rows))

    def _append(self, name: str, text: str) -> None:
        with (self.folder / name).open("a", encoding="utf-8") as file:
            file.write(text)


def find_record(runs: Path, name: str) -> RunRecord:
    """The record of the run of that name, finished or not; `BadProject` if there is none."""
    if not (runs / name / FILE).exists():
        raise BadProject(f"{runs}: there is no run '{name}'. `aln-desk runs` lists those that exist.")
    return _read(runs / name / FILE)


def fold_of(words: str) -> tuple[int, int] | None:
    """Which part is held out, of how many: (2, 5) for ``2/5``, None for nothing."""
    number, _, count = words.partition("/")
    return (int(number), int(count)) if count else None


def fold_words(fold: tuple[int, int] | None) -> str:
    """What `fold_of` reads: ``2/5`` for (2, 5), empty for None."""
    return f"{fold[0]}/{fold[1]}" if fold else ""


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
