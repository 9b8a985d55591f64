"""The labels of a project as its database keeps them: every set that was ever offered."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from aln_desk.domain.labels import Label, from_record, to_record


@dataclass(frozen=True, slots=True)
class LabelSet:
    """Labels offered from ``changed_at`` (ISO time in UTC) on, by the wish of ``reader`` (may be empty)."""

    changed_at: str
    reader: str
    labels: tuple[Label, ...]


def label_set_row(offered: LabelSet) -> tuple[str, str, str]:
    """The set as a row of ``label_set``."""
    labels = [to_record(label) for label in offered.labels]
    return offered.changed_at, offered.reader, json.dumps(labels, ensure_ascii=False)


def label_set(row: tuple[Any, ...]) -> LabelSet | None:
    """The inverse of `label_set_row`; None for what is none of its rows."""
    changed_at, reader, text = row
    try:
        found = json.loads(text)
        return LabelSet(changed_at, reader, tuple(from_record(label) for label in found)) if found else None
    except (ValueError, TypeError, RecursionError):
        return None
