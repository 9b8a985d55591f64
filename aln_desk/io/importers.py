"""A new project from a folder of images, which is only read."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Literal

from aln_desk.domain.errors import AlnError, BadProject
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.io import images, labelme_json
from aln_desk.io.patient_table import TableRow, find_table, read_table, role_of
from aln_desk.io.project import DATABASE, TRUTH_FILE, Project
from aln_desk.io.rasterize import lesion_class

AnnotationPlace = Literal["beside", "project"]
"""Where LabelMe files go: beside the images, or into the project's ``annotations/``."""

TRAINING = "training"
INTERNAL_TEST = "internal test"

_VIEW_OF_CLASS = {1: View.TUMOUR, 2: View.NODE}
_NODE_NAME = re.compile(r"(?<![^\W\d_])(l|ln|aln)\d*(?![^\W_])|node|axilla|lymph", re.IGNORECASE)


def new_project(
    folder: str | Path,
    source: str | Path,
    *,
    table: str | Path | None = None,
    annotations: AnnotationPlace | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Project:
    """Make a project in ``folder`` of the images under ``source`` and leave it open.

    Who belongs to whom says ``table`` (see `patient_table`), else the one such CSV in ``source``, else the folders:
    a sub-folder is a patient, an image directly in ``source`` too. Without a view in the table, the labels of an
    existing LabelMe file decide it, then the file's name (``L1``, ``node``, ``axilla`` ...), else it is a tumour.
    Without cohorts, the first 80 % by admission date are for training and the rest is the internal test; all are
    for training where a date is missing. ``annotations`` None: beside the images where every image folder is
    writable. ``progress`` is told (images looked at, all); an error it raises ends the import.

    Raises AlnError with nothing left behind: no images, refused rows, a project in ``folder`` already ...
    """
    folder, source = Path(folder).absolute(), Path(source).absolute()
    existed = folder.exists()
    project = Project.create(folder)
    try:
        rows = _rows(source, Path(table).absolute() if table else None)
        beside = annotations == "beside" or (annotations is None and _all_writable(rows))
        bags = _bags(rows, source, None if beside else project.folder / "annotations", progress)
        patients = _patients(rows, bags)
        for cohort in sorted({patient.cohort for patient in patients}):
            project.add_cohort(Cohort(cohort, role_of(cohort) or Role.TRAIN))
        project.add_many(patients)
        if (source / TRUTH_FILE).is_file() and source.resolve() != project.folder:
            # Models taught here must go on saying that their patients were simulated.
            shutil.copyfile(source / TRUTH_FILE, project.folder / TRUTH_FILE)
    except BaseException:
        project.close()
        _discard(project.folder, existed)
        raise
    return project


def _rows(source: Path, table: Path | None) -> list[TableRow]:
    found = images.find(source)
    table = table or find_table(source)
    rows = read_table(table) if table else _rows_by_folder(source, found)
    if not rows:
        kinds = ", ".join(images.IMAGE_SUFFIXES)
        raise BadProject(f"{source}: there are no images here ({kinds}); choose another folder.")
    return rows


def _rows_by_folder(source: Path, found: Sequence[Path]) -> list[TableRow]:
    stems = Counter(path.stem for path in found if path.parent == source)
    rows = []
    for number, path in enumerate(found, start=1):
        own = path.stem if stems[path.stem] == 1 else path.name
        parts = path.relative_to(source).parts
        rows.append(TableRow(number, path, parts[0] if len(parts) > 1 else own))
    return rows


def _bags(
    rows: Sequence[TableRow],
    source: Path,
    annotations: Path | None,
    progress: Callable[[int, int], None] | None,
) -> dict[str, list[Instance]]:
    """Instances by patient, in the rows' order; ``annotations`` is the folder for LabelMe files, None beside."""
    bags: dict[str, list[Instance]] = {row.patient: [] for row in rows}
    taken: set[str] = set()
    for done, row in enumerate(rows, start=1):
        sidecar = labelme_json.sidecar(row.file)
        file = annotations / _mirrored(sidecar, source) if annotations else sidecar
        key = _unique_id(row, taken)
        view = row.view or _labelled_view(sidecar) or _named_view(row.file, source)
        bags[row.patient].append(Instance(key, row.patient, view, str(row.file), str(file)))
        if progress:
            progress(done, len(rows))
    return bags


def _unique_id(row: TableRow, taken: set[str]) -> str:
    key, number = f"{row.patient}/{row.file.name}", 1
    while key in taken:
        number += 1
        key = f"{row.patient}/{row.file.stem}-{number}{row.file.suffix}"
    taken.add(key)
    return key


def _mirrored(sidecar: Path, source: Path) -> Path:
    """The file's place under the source; for one outside, its whole path, so that no two fall together."""
    return sidecar.relative_to(source if sidecar.is_relative_to(source) else sidecar.anchor)


def _labelled_view(sidecar: Path) -> View | None:
    """What the outlines of an existing LabelMe file are; None without one that says it."""
    try:
        return _VIEW_OF_CLASS.get(lesion_class(labelme_json.read(sidecar)))
    except AlnError:  # a damaged file is shown where it is drawn on; it must not stop the import
        return None


def _named_view(file: Path, source: Path) -> View:
    """What the file's name says, and the folders between it and its patient's."""
    inner = file.relative_to(source).parts[1:-1] if file.is_relative_to(source) else ()
    return View.NODE if any(map(_NODE_NAME.search, (*inner, file.stem))) else View.TUMOUR


def _patients(rows: Sequence[TableRow], bags: dict[str, list[Instance]]) -> list[Patient]:
    own: dict[str, list[TableRow]] = {key: [] for key in bags}
    for row in rows:
        own[row.patient].append(row)
    cohorts = _cohorts(own)
    return [_patient(own[key], cohorts[key], bags[key]) for key in bags]


def _patient(rows: Sequence[TableRow], cohort: str, bag: Iterable[Instance]) -> Patient:
    """One patient of rows that do not contradict each other; what any of them says holds."""
    outcomes = [row.outcome for row in rows if row.outcome is not None]
    clinical: dict[str, str] = {}
    for row in rows:
        clinical |= row.clinical
    return Patient(
        id=rows[0].patient,
        cohort=cohort,
        outcome=outcomes[0] if outcomes else None,
        admission_date=max(row.admission_date for row in rows),
        hospital=max(row.hospital for row in rows),
        clinical=clinical,
        bag=tuple(bag),
    )


def _cohorts(rows: dict[str, list[TableRow]]) -> dict[str, str]:
    """Cohort of each patient: the named one; else by admission date, ties together; else training."""
    named = {key: max(row.cohort for row in own) for key, own in rows.items()}
    if any(named.values()):
        without = [key for key, cohort in named.items() if not cohort]
        if without:
            raise BadProject(f"The table names no cohort for {len(without)} patients, {without[0]} among them.")
        return named
    dates = {key: max(row.admission_date for row in own) for key, own in rows.items()}
    if not all(dates.values()):
        return dict.fromkeys(rows, TRAINING)
    last = sorted(dates.values())[-(-len(dates) * 4 // 5) - 1]
    return {key: TRAINING if date <= last else INTERNAL_TEST for key, date in dates.items()}


def _all_writable(rows: Iterable[TableRow]) -> bool:
    return all(map(_is_writable, {row.file.parent for row in rows}))


def _is_writable(folder: Path) -> bool:
    """The mode is asked too: an administrator may write where a folder is meant to be left alone."""
    write_bits = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH
    return bool(folder.stat().st_mode & write_bits) and os.access(folder, os.W_OK)


def _discard(folder: Path, existed: bool) -> None:
    """Remove what a failed import left: the database, and the folder if it was made for it."""
    with suppress(OSError):
        for suffix in ("", "-wal", "-shm"):
            (folder / f"{DATABASE}{suffix}").unlink(missing_ok=True)
        if not existed:
            folder.rmdir()
