"""Runs on disk for the window's tests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from aln_desk.domain.messages import Message, to_line
from aln_desk.io.runs import Run, read_run


def make_run(folder: Path, name: str, messages: Iterable[Message] = (), **record: object) -> Run:
    run = folder / name
    run.mkdir(parents=True)
    told = {"preset": "tiny", "state": "stopped", "started": "2026-03-04T10:00:00+00:00", **record}
    (run / "run.json").write_text(json.dumps(told), encoding="utf-8")
    (run / "events.jsonl").write_text("".join(to_line(one) + "\n" for one in messages), encoding="utf-8")
    return read_run(run)
