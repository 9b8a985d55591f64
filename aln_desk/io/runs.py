"""The trainings of a project as their folders tell: ``runs/<run>/run.json`` and ``events.jsonl``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aln_desk.domain.messages import Message, from_line

RECORD = "run.json"
EVENTS = "events.jsonl"
STATES = ("running", "finished", "stopped", "failed")


@dataclass(frozen=True, slots=True)
class Run:
    """One training. ``state`` is one of `STATES`; ``started`` ISO time or empty.

    ``model`` and ``digest`` name what a finished run made, ``figures`` what it reached (nothing for an undefined
    figure).
    """

    name: str
    folder: Path
    preset: str = ""
    started: str = ""
    state: str = "failed"
    model: str = ""
    digest: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)


def read_runs(folder: Path) -> list[Run]:
    """Every run under a project's ``runs`` folder, newest first.

    A folder whose record is absent is no run; one whose record is damaged is a failed run of unknown date.
    """
    found = [read_run(path.parent) for path in folder.glob(f"*/{RECORD}")]
    return sorted(found, key=lambda run: (run.started, run.name), reverse=True)


def read_run(folder: Path) -> Run:
    """One run's record. Never raises: what cannot be read keeps its default."""
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        record = None
    if not isinstance(record, dict):
        return Run(folder.name, folder)
    texts = {name: _text(record.get(name)) for name in ("preset", "started", "model", "digest")}
    state = _text(record.get("state"))
    return Run(
        folder.name,
        folder,
        **texts,
        state=state if state in STATES else "failed",
        figures=_figures(record.get("figures")),
    )


def read_events(folder: Path) -> list[Message]:
    """The messages that a run kept, in order; lines that are none (a torn last line) are left out."""
    try:
        with (folder / EVENTS).open(encoding="utf-8", errors="replace") as lines:
            return [message for line in lines if (message := from_line(line)) is not None]
    except OSError:
        return []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _figures(value: Any) -> dict[str, float]:
    entries = value.items() if isinstance(value, dict) else ()
    return {
        name: float(figure)
        for name, figure in entries
        if isinstance(figure, int | float) and not isinstance(figure, bool) and figure == figure
    }
