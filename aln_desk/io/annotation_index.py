"""What a project's annotation files hold, in its database: counts, filters and "next to do" without opening a file.

The files are the store, the index follows them: a save writes its row (`row_of`, `AnnotationIndex.store`), and a worker
looks at batches of images for what another program changed (`look`), which reads only files whose stamp differs.
"""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from aln_desk.domain.adjudication import FINAL
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance
from aln_desk.domain.progress import Counts, Status, mark_of
from aln_desk.io import readers
from aln_desk.io.annotations import current_annotation
from aln_desk.io.database import sentences, writing

_COLUMNS = "instance, drawn_by, reader, status, shapes, labels, flags, problem, changed_at, stamp"
_STATUS = {status.value: status for status in Status}  # 50,000 look-ups are faster than as many calls of Status
_GROUPS = {"all": "''", "patient": "instance.patient", "reader": "COALESCE(found.reader, '')"}
_IMAGES = "FROM instance LEFT JOIN annotation_index AS found ON found.instance = instance.id AND found.drawn_by = ?"


@dataclass(frozen=True, slots=True)
class IndexRow:
    """One annotation file of an image.

    ``drawn_by`` is the reader whose own file it is, `FINAL` (empty) for the main one; ``reader`` set the status (for an
    own file without a status: that reader). ``labels`` counts shapes by label, ``flags`` are those set. ``problem`` is
    the sentence about a file that cannot be read, which is still to do. ``changed_at`` is the file's ISO time in UTC,
    empty without a file; ``stamp`` tells one state of the files from another.
    """

    instance: str
    drawn_by: str
    reader: str
    status: Status
    shapes: int = 0
    labels: Mapping[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    problem: str = ""
    changed_at: str = ""
    stamp: str = ""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Conditions on images; those left at their default let everything through.

    ``statuses`` is any of these; ``reader`` set the status; ``label`` and ``flag`` are borne at least once;
    ``with_problem``: the file cannot be read. All of it in the files of ``drawn_by``.
    """

    drawn_by: str = FINAL
    statuses: frozenset[Status] = frozenset()
    reader: str | None = None
    label: str | None = None
    flag: str | None = None
    with_problem: bool = False

    def condition(self, status: str) -> tuple[str, list[str]]:
        """SQL that is true of a wanted row ``found`` whose status is the expression ``status``, and its values."""
        places = ", ".join("?" * len(self.statuses))
        parts: list[tuple[str, list[str]]] = [("TRUE", [])]
        if self.statuses:
            parts.append((f"{status} IN ({places})", sorted(self.statuses)))
        if self.reader is not None:
            parts.append(("found.reader = ?", [self.reader]))
        if self.label is not None:
            parts.append(("EXISTS (SELECT 1 FROM json_each(found.labels) AS one WHERE one.key = ?)", [self.label]))
        if self.flag is not None:
            parts.append(("EXISTS (SELECT 1 FROM json_each(found.flags) AS one WHERE one.value = ?)", [self.flag]))
        if self.with_problem:
            parts.append(("found.problem <> ''", []))
        return " AND ".join(part for part, _values in parts), [value for _part, values in parts for value in values]


class AnnotationIndex:
    """The index of one open project, for the thread that opened it; raises BadProject like it."""

    def __init__(self, connection: sqlite3.Connection, database: Path) -> None:
        """Use `Project.annotation_index`."""
        self._connection = connection
        self._database = database

    def store(self, rows: Iterable[IndexRow]) -> None:
        """Keep what was found; rows of images that are no longer in the project are dropped."""
        kept = f"INSERT OR REPLACE INTO annotation_index ({_COLUMNS}) SELECT {', '.join('?' * 10)}"
        with writing(self._connection, self._database) as connection:
            connection.executemany(
                f"{kept} WHERE EXISTS (SELECT 1 FROM instance WHERE id = ?)",
                ((*_values(row), row.instance) for row in rows),
            )

    def stamps(self, drawn_by: str = FINAL) -> dict[str, str]:
        """The stamp of each image looked at, by instance id: what `look` compares the files with."""
        return dict(self._read("SELECT instance, stamp FROM annotation_index WHERE drawn_by = ?", drawn_by))

    def statuses(self, drawn_by: str = FINAL) -> dict[str, Status]:
        """How far each image is, by instance id; images that nobody has looked at yet count as to do."""
        rows = self._read(f"SELECT instance.id, COALESCE(found.status, 'to do') {_IMAGES}", drawn_by)
        return {instance: _STATUS[status] for instance, status in rows}

    def counts(self, group: Literal["all", "patient", "reader"] = "all", drawn_by: str = FINAL) -> dict[str, Counts]:
        """Images by status for each patient, for each reader who set it (empty: nobody), or all under one empty name.

        Images that nobody has looked at yet count as to do.
        """
        counted: dict[str, dict[Status, int]] = {}
        key = _GROUPS[group]
        chosen = f"SELECT {key}, COALESCE(found.status, 'to do'), COUNT(*) {_IMAGES} GROUP BY 1, 2"
        for name, status, count in self._read(chosen, drawn_by):
            counted.setdefault(name, {})[_STATUS[status]] = count
        return {name: Counts(of) for name, of in counted.items()}

    def instances(self, wanted: Wanted) -> list[str]:
        """Ids of the images that meet every condition; those that nobody has looked at yet count as to do."""
        condition, values = wanted.condition("COALESCE(found.status, 'to do')")
        statement = f"SELECT instance.id {_IMAGES} WHERE {condition} ORDER BY instance.id"
        return [name for (name,) in self._read(statement, wanted.drawn_by, *values)]

    def rows(self, wanted: Wanted) -> list[IndexRow]:
        """What is known of the images looked at that meet every condition, in the order of their ids."""
        condition, values = wanted.condition("found.status")
        statement = f"SELECT {_COLUMNS} FROM annotation_index AS found WHERE drawn_by = ? AND {condition} ORDER BY 1"
        return [_row(*found) for found in self._read(statement, wanted.drawn_by, *values)]

    def labels(self, drawn_by: str = FINAL) -> dict[str, int]:
        """How many shapes bear each label, over all images looked at."""
        counted = "SELECT one.key, SUM(one.value) FROM annotation_index, json_each(labels) AS one"
        return dict(self._read(f"{counted} WHERE drawn_by = ? GROUP BY 1 ORDER BY 1", drawn_by))

    def readers(self) -> list[str]:
        """Readers of whom a file of their own was looked at."""
        found = self._read("SELECT DISTINCT drawn_by FROM annotation_index WHERE drawn_by <> ? ORDER BY 1", FINAL)
        return [name for (name,) in found]

    def _read(self, statement: str, *values: str) -> list[Any]:
        with sentences(self._database):
            return self._connection.execute(statement, values).fetchall()


def look(instances: Sequence[Instance], known: Mapping[str, str], drawn_by: str = FINAL) -> list[IndexRow]:
    """The rows of those images whose files are not the ones of the ``known`` stamps (by instance id).

    For a worker: it touches no database. With ``drawn_by`` the instances are that reader's, as `readers.placed` gives
    them. Call it with a few hundred images at a time, so that others get their turn.
    """
    found = []
    for instance in instances:
        before = stamp(instance, drawn_by)  # before reading: a file changed meanwhile is looked at again next time
        if known.get(instance.id) != before:
            found.append(_looked_at(instance, before, drawn_by))
    return found


def row_of(instance: Instance, annotation: Annotation, drawn_by: str = FINAL) -> IndexRow:
    """The row of an annotation that has just been saved."""
    return _indexed(instance, annotation, stamp(instance, drawn_by), drawn_by)


def stamp(instance: Instance, drawn_by: str = FINAL) -> str:
    """Modification time (ns) and size of each file that the annotation may be read from; empty where there is none.

    The main annotation may stand in the instance's own file or, under two names, beside the image.
    """
    # Joined as text: paths would take longer than the questions to the disk.
    beside = () if drawn_by else (f"{instance.image.rpartition('.')[0]}.json", f"{instance.image}.json")
    stamps = [_stamp(path) for path in dict.fromkeys((instance.annotation, *beside))]
    return " ".join(stamps) if any(stamps) else ""


def _stamp(path: str) -> str:
    try:
        status = Path(path).stat()
    except (OSError, ValueError):  # ValueError: a name that no file can have
        return ""
    return f"{status.st_mtime_ns}:{status.st_size}"


def _looked_at(instance: Instance, found: str, drawn_by: str) -> IndexRow:
    try:
        annotation = readers.own_annotation(instance) if drawn_by else current_annotation(instance)
    except AlnError as error:
        row = IndexRow(instance.id, drawn_by, drawn_by, Status.TO_DO, problem=str(error), stamp=found)
        return replace(row, changed_at=_changed_at(found))
    return _indexed(instance, annotation, found, drawn_by)


def _indexed(instance: Instance, annotation: Annotation, found: str, drawn_by: str) -> IndexRow:
    mark = mark_of(annotation)
    return IndexRow(
        instance=instance.id,
        drawn_by=drawn_by,
        reader=mark.reader or drawn_by,
        status=mark.status,
        shapes=len(annotation.shapes),
        labels=Counter(shape.label for shape in annotation.shapes),
        flags=tuple(name for name, is_set in annotation.flags.items() if is_set),
        changed_at=_changed_at(found),
        stamp=found,
    )


def _changed_at(found: str) -> str:
    """ISO time of the newest of the stamped files."""
    times = [int(part.partition(":")[0]) for part in found.split()]
    return datetime.fromtimestamp(max(times) / 1e9, UTC).isoformat(timespec="seconds") if times else ""


def _values(row: IndexRow) -> tuple[str | int, ...]:
    labels: Counter[str] = Counter()
    for label, count in row.labels.items():
        labels[_storable(label)] += count
    texts = (row.instance, row.drawn_by, row.reader, row.status.value)
    lists = (json.dumps(labels), json.dumps([_storable(flag) for flag in row.flags]))
    return (*map(_storable, texts), row.shapes, *lists, _storable(row.problem), row.changed_at, row.stamp)


def _storable(text: str) -> str:
    """Half a character and NUL, which JSON may hold and SQLite may not, become a question mark."""
    return text.encode("utf-8", "replace").decode("utf-8").replace("\0", "?")


def _row(*values: Any) -> IndexRow:
    instance, drawn_by, reader, status, shapes, labels, flags, *rest = values
    found = json.loads(labels), tuple(json.loads(flags))
    return IndexRow(instance, drawn_by, reader, Status(status), shapes, *found, *rest)
