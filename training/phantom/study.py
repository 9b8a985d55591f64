"""Writes a simulated study: images, their outlines, the table of patients, and the truth.

``patients.csv`` holds what a hospital would know, ``truth.csv`` the outcome and the best possible scores,
``signs.csv`` the parts of the lesions in the outcome's logit (the node's is empty where no image shows it), and
``furniture.csv`` the boxes of what the scanner drew over the image. The last three are for measuring alone; no network
is shown them. They are written last: a folder that has them is whole. When the work stops or fails, what it wrote goes
again.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import closing
from multiprocessing import get_context
from os import cpu_count
from pathlib import Path

import cv2

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.patient import View
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, Shape
from aln_desk.io import labelme_json
from aln_desk.io.atomic import write_text
from aln_desk.io.images import write_png
from aln_desk.io.project import TRUTH_FILE
from training import tables
from training.phantom.clinical import COLUMNS as CLINICAL_COLUMNS
from training.phantom.furniture import Box
from training.phantom.images import Picture, draw_pictures, picture_names
from training.phantom.latents import SHORTCUTS, Shortcut, SimulatedPatient, draw_patients

PATIENT_COLUMNS = (
    "file",
    "patient",
    "view",
    "outcome",
    "admission_date",
    "cohort",
    "hospital",
    "scanner",
    *CLINICAL_COLUMNS,
)
TRUTH_COLUMNS = ("patient", "outcome", "best_clinical", "best_tumour", "best_score")
SIGNS_COLUMNS = ("patient", "tumour_logit", "node_logit")
FURNITURE_COLUMNS = ("file", "kind", "x0", "y0", "x1", "y1")
PATIENTS_FILE = "patients.csv"
SIGNS_FILE = "signs.csv"
FURNITURE_FILE = "furniture.csv"

_SMALLEST = 128
_LABELS = {View.TUMOUR: TUMOUR_LABEL, View.NODE: NODE_LABEL}

_TABLES = (PATIENTS_FILE, TRUTH_FILE, SIGNS_FILE, FURNITURE_FILE)

Progress = Callable[[int, int], None]
ShouldStop = Callable[[], bool]


def simulate(
    folder: Path,
    patients: int,
    seed: int,
    *,
    shortcut: Shortcut = "none",
    size: int = 512,
    workers: int | None = None,
    progress: Progress | None = None,
    should_stop: ShouldStop | None = None,
) -> None:
    """Draw a study of ``patients`` into ``folder``, which may exist but must hold no study.

    Writes ``images/<patient>/T1.png, ..., L1.png`` (grey, ``size`` x ``size``) with LabelMe JSON beside each,
    ``patients.csv`` (a row an image), ``truth.csv``, ``signs.csv`` and ``furniture.csv``. The same ``seed`` gives the
    same bytes for any number of ``workers`` (None: one a core; 1: no child process). ``shortcut``: a mark that goes
    with the outcome in the training cohort (`draw_patients`). ``progress`` gets (images done, images in all).

    Errors: `BadSetting` for a number out of range, `BadProject` where a study lies already, `Stopped` when
    ``should_stop`` said so; then nothing of the study stays.
    """
    _check(folder, patients, seed, shortcut, size, workers)
    _make_room(folder)
    drawn = draw_patients(patients, seed, shortcut)
    total = sum(len(picture_names(patient)) for patient in drawn)
    furniture: dict[str, list[Box]] = {}
    try:
        # Closed before anything is removed: no worker may still be writing then.
        with closing(_finished(drawn, folder, size, min(workers or cpu_count() or 1, patients))) as finished:
            for boxes in finished:
                furniture |= boxes
                if progress:
                    progress(len(furniture), total)
                if should_stop and should_stop():
                    raise Stopped(f"{folder}: the simulation was stopped and its images were removed.")
        _write_tables(folder, drawn, furniture)
    except BaseException:
        _remove(folder)
        raise


def _check(folder: Path, patients: int, seed: int, shortcut: str, size: int, workers: int | None) -> None:
    if patients < 1:
        raise BadSetting(f"A simulated study needs at least 1 patient, not {patients}.")
    if seed < 0:
        raise BadSetting(f"The seed must be 0 or more, not {seed}.")
    if shortcut not in SHORTCUTS:
        raise BadSetting(f"There is no shortcut '{shortcut}'. Choose one of: {', '.join(SHORTCUTS)}.")
    if size < _SMALLEST:
        raise BadSetting(f"Simulated images need at least {_SMALLEST} pixels a side, not {size}.")
    if workers is not None and workers < 1:
        raise BadSetting(f"The number of worker processes must be at least 1, not {workers}.")
    for name in ("images", *_TABLES):
        if (folder / name).exists():
            raise BadProject(f"{folder}: already holds {name}. Choose an empty folder for the study.")


def _make_room(folder: Path) -> None:
    try:
        (folder / "images").mkdir(parents=True)
    except OSError as error:
        reason = error.strerror or error
        raise BadProject(f"{folder}: cannot hold a study ({reason}). Choose a folder you may write to.") from error


def _finished(
    drawn: Sequence[SimulatedPatient], folder: Path, size: int, workers: int
) -> Generator[dict[str, list[Box]]]:
    """Draws all patients and yields the furniture of each one's images, by file, as it is done."""
    if workers == 1:
        for patient in drawn:
            yield _write_patient(patient, folder, size)
        return
    context = get_context("spawn")
    pool = ProcessPoolExecutor(workers, context, initializer=cv2.setNumThreads, initargs=(1,))
    try:
        futures = [pool.submit(_write_patient, patient, folder, size) for patient in drawn]
        for future in as_completed(futures):
            yield future.result()
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _write_patient(patient: SimulatedPatient, folder: Path, size: int) -> dict[str, list[Box]]:
    """Draw and write one patient's images and outlines; the furniture by file."""
    place = folder / "images" / patient.id
    place.mkdir()
    furniture = {}
    for picture in draw_pictures(patient, size):
        _write_picture(place / f"{picture.name}.png", picture)
        furniture[_file(patient, picture.name)] = picture.furniture
    return furniture


def _file(patient: SimulatedPatient, name: str) -> str:
    return f"images/{patient.id}/{name}.png"


def _write_picture(path: Path, picture: Picture) -> None:
    height, width = picture.grey.shape
    outline = Shape(label=_LABELS[picture.view], points=tuple(picture.outline))
    write_png(path, picture.grey)
    labelme_json.write(labelme_json.sidecar(path), Annotation(path.name, height, width, (outline,)))


def _write_tables(folder: Path, drawn: Sequence[SimulatedPatient], furniture: Mapping[str, Sequence[Box]]) -> None:
    boxes = ((file, *box) for file in sorted(furniture) for box in furniture[file])
    scores = ((p.best_clinical, p.best_tumour, p.best_score) for p in drawn)
    truth = ((p.id, p.outcome, *map(repr, best)) for p, best in zip(drawn, scores, strict=True))
    signs = ((p.id, repr(p.tumour.logit), repr(p.node.logit) if p.node else "") for p in drawn)
    write_text(folder / SIGNS_FILE, tables.to_csv(SIGNS_COLUMNS, signs))
    write_text(folder / FURNITURE_FILE, tables.to_csv(FURNITURE_COLUMNS, boxes))
    write_text(folder / TRUTH_FILE, tables.to_csv(TRUTH_COLUMNS, truth))
    write_text(folder / PATIENTS_FILE, tables.to_csv(PATIENT_COLUMNS, _rows(drawn)))


def _rows(drawn: Sequence[SimulatedPatient]) -> Iterator[tuple[object, ...]]:
    for p in drawn:
        clinical = (p.clinical[name] for name in CLINICAL_COLUMNS)
        facts = (p.outcome, p.admission_date, p.cohort, p.hospital, p.scanner, *clinical)
        for name, view in picture_names(p):
            yield _file(p, name), p.id, view.value, *facts


def _remove(folder: Path) -> None:
    shutil.rmtree(folder / "images", ignore_errors=True)
    for name in _TABLES:
        (folder / name).unlink(missing_ok=True)
