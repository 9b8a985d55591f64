"""Whose scores a project holds: models that read it, readers who judged its patients, other software's imports."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadFile, BadModel, BadProject, BadSetting
from aln_desk.domain.order import natural_key
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.trained_on import Seen
from aln_desk.io import atomic, checkpoint, verdicts
from aln_desk.io.project import Project
from aln_desk.io.score_table import COLUMNS, ScoreTable, read_scores, some
from aln_desk.io.verdicts import VERDICTS_FILE, VerdictRow
from aln_desk.paths import embedded_model

IMPORTED_FOLDER = "imported"
READER_THRESHOLD = 0.625
"""Between the judgements 3 (undecided) and 4 (probably metastasis)."""

_UNSAFE_IN_FILE = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 40
_REMEDY = "Import the scores again"


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import kept: scores of ``patients`` patients, under ``key``; ``problems`` are sentences that say what
    was left out and what to do.
    """

    key: str
    patients: int
    problems: tuple[str, ...] = ()


def read_scorers(project: Project) -> list[Scorer]:
    """Everyone whose scores the project holds: models, then readers, then imports, each in natural order of names.

    A reader's judgements 1 to 5 are scores 0 to 1 (no probabilities), positive from 4. Only judgements made without
    having seen a model's verdict on the patient are the reader's own: ``reader:<name>``. Those made once a verdict
    was seen, at that time or before, are no independent judgements and a scorer of their own,
    ``reader:<name> (with model)``. Of several judgements of either kind on a patient the latest counts.

    Names are unique. Raises `BadFile` for a damaged table.
    """
    groups = (_models(project), _readers(project), _imports(project))
    return _with_unique_names([one for group in groups for one in sorted(group, key=lambda one: natural_key(one.name))])


def import_scores(
    project: Project, file: Path, name: str, threshold: float = math.nan, probability: bool = True
) -> Imported:
    """Keep the scores of a CSV (see `score_table.read_scores`) as one more scorer ``name``, in place of an older one.

    ``threshold`` (nan: there is none) was frozen before the tests. Scores outside [0, 1] are no ``probability``,
    whatever was said. Patients whom the project does not know are left out and told of.

    Raises `BadSetting` for a name or threshold that cannot be, `BadProject` for rows that cannot be understood or
    where no patient is known, `BadFile` for a file that is no such table.
    """
    name = _checked(name, threshold)
    table = read_scores(file)
    cohorts = {patient.id: patient.cohort for patient in project.patients()}
    kept = {patient: score for patient, score in table.scores.items() if patient in cohorts}
    if not kept:
        raise BadProject(f"{file}: {_nothing(table, list(cohorts))}")
    outside = [score for score in kept.values() if not 0.0 <= score <= 1.0]
    if probability and not outside:
        _check_probability(name, threshold)
    said = {"threshold": _or_none(threshold), "probability": probability and not outside, "file": file.name}
    _write_import(_imported_file(project, name), kept, {"name": name, **said})
    looked_at = {cohorts[patient] for patient in kept}
    known = {patient for patient, cohort in cohorts.items() if cohort in looked_at}
    problems = _problems(
        [patient for patient in table.scores if patient not in cohorts],
        sorted(known - kept.keys() - table.left_out, key=natural_key),
        outside,
        len(kept),
    )
    return Imported(f"import:{name}", len(kept), (*table.problems, *problems))


@contextmanager
def undone_on_failure(project: Project) -> Iterator[None]:
    """Where the block fails, imports made in it are forgotten, and those they replaced are there again."""
    folder = project.predictions / IMPORTED_FOLDER
    before = {path: path.read_bytes() for path in folder.glob("*")}
    try:
        yield
    except BaseException:
        for path in folder.glob("*"):
            if path not in before:
                atomic.remove(path)
        for path, content in before.items():
            if not path.exists() or path.read_bytes() != content:
                atomic.write_bytes(path, content)
        with suppress(OSError):  # others may be in there
            folder.rmdir()
        raise


def remove_import(project: Project, name: str) -> None:
    """Forget imported scores. Raises `BadProject` where there are none of that name."""
    target = _imported_file(project, name)
    names = [one.name for one in _imports(project)]
    if name not in names:
        raise BadProject(f"There are no imported scores '{name}'. There are: {', '.join(names) or 'none'}.")
    for path in (target.with_suffix(".json"), target):
        atomic.remove(path)


def _models(project: Project) -> list[Scorer]:
    tables = verdicts.read_models(project.predictions)
    folders = {one.digest: one.folder for one in project.adoptions()}
    return [_model(project, digest, rows, folders.get(digest)) for digest, rows in tables.items()]


def _model(project: Project, digest: str, rows: Sequence[VerdictRow], adopted: Path | None) -> Scorer:
    thresholds = {row.threshold for row in rows}
    file = verdicts.scores_file(project.predictions, digest)
    return Scorer(
        digest,
        _name_of(digest, [project.models / digest, *([adopted] if adopted else []), embedded_model()]),
        "model",
        {row.patient: row.score for row in rows},
        thresholds.pop() if len(thresholds) == 1 else math.nan,
        frozenset(row.patient for row in rows if row.decision == "uncertain"),
        source=_source(project, file if file.exists() else project.predictions / VERDICTS_FILE),
        trained_on=frozenset(row.patient for row in rows if row.seen in (Seen.FITTED, Seen.HELD_OUT)),
    )


def _name_of(digest: str, folders: Iterable[Path]) -> str:
    """The model's name where one of the folders holds it, else its digest."""
    for folder in folders:
        with suppress(BadModel):
            manifest = checkpoint.read_manifest(folder)
            if manifest.get("digest") == digest:
                return str(manifest.get("name") or digest)
    return digest


def _readers(project: Project) -> list[Scorer]:
    scores: dict[tuple[str, bool], dict[str, float]] = {}
    told: set[tuple[str, str]] = set()
    for review in project.reviews():
        if review.verdict_shown is not None:
            told.add((review.reader, review.patient))
        key = (review.reader, (review.reader, review.patient) in told)
        scores.setdefault(key, {})[review.patient] = (review.judgement - 1) / 4
    names = {key: (key[0] or "unnamed reader") + (" (with model)" if key[1] else "") for key in scores}
    return [
        Scorer(
            f"reader:{names[key]}", names[key], "reader", found, READER_THRESHOLD, probability=False, source="reviews"
        )
        for key, found in scores.items()
    ]


def _imports(project: Project) -> list[Scorer]:
    return [_import(project, path) for path in sorted((project.predictions / IMPORTED_FOLDER).glob("*.json"))]


def _import(project: Project, described: Path) -> Scorer:
    try:
        said: dict[str, Any] = json.loads(described.read_text(encoding="utf-8"))
        name, threshold, probability = str(said["name"]), said["threshold"], bool(said["probability"])
        limit = math.nan if threshold is None else float(threshold)
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise BadFile(described, "does not describe imported scores", _REMEDY) from error
    table = described.with_suffix(".csv")
    source = f"{_source(project, table)}, imported from {said.get('file', 'a file')}"
    return Scorer(
        f"import:{name}", name, "import", read_scores(table).scores, limit, probability=probability, source=source
    )


def _write_import(target: Path, scores: Mapping[str, float], said: Mapping[str, object]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(scores.items())
    with suppress(OSError):  # writing then says what is wrong
        target.parent.mkdir(exist_ok=True)
    atomic.write_text(target, text.getvalue())
    atomic.write_text(target.with_suffix(".json"), json.dumps(said, ensure_ascii=False, indent=2) + "\n")


def _imported_file(project: Project, name: str) -> Path:
    """A name of its own for every import, valid on every file system."""
    readable = _UNSAFE_IN_FILE.sub("_", name)[:_NAME_LENGTH]
    return project.predictions / IMPORTED_FOLDER / f"{readable}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.csv"


def _checked(name: str, threshold: float) -> str:
    """The name, tidied."""
    tidy = " ".join(name.split())
    if not tidy or not tidy.isprintable():
        raise BadSetting("Imported scores need a name that can be read, such as --name Radiomics.")
    if math.isinf(threshold):
        raise BadSetting("The threshold must be a number, such as 0.5.")
    return tidy


def _check_probability(name: str, threshold: float) -> None:
    if not (math.isnan(threshold) or 0.0 <= threshold <= 1.0):
        raise BadSetting(
            f"A threshold of {threshold:g} calls all patients of '{name}' the same: the scores lie from 0 to 1. Give "
            "one in between, or say that they are no probabilities."
        )


def _nothing(table: ScoreTable, known: Sequence[str]) -> str:
    """Why no score can be kept, and what to do."""
    if not table.scores:
        return f"no patient has a score that can be used. {' '.join(table.problems)}"
    named = f" The file has {next(iter(table.scores))}, the project {known[0]}." if known else ""
    return f"no score is of a patient in this project. Check how patients are named.{named}"


def _problems(unknown: Sequence[str], lacking: Sequence[str], outside: Sequence[float], kept: int) -> Iterator[str]:
    if unknown:
        yield (
            f"Left out because they are not in this project: {some(unknown)}. Check how they are named; "
            "spreadsheets drop leading zeros."
        )
    if lacking:
        yield f"Patients of these cohorts that the file does not list: {some(lacking)}. Add them and import again."
    if outside:
        per_cent = " (if these are per cent, divide them by 100)" if all(0.0 <= one <= 100.0 for one in outside) else ""
        yield (
            f"{len(outside)} of {kept} scores lie outside 0 to 1, so these are no probabilities: there will be no "
            f"calibration and no decision curve. Import probabilities to have them{per_cent}."
        )


def _source(project: Project, path: Path) -> str:
    """Where the scores lie in the project, and what is in there."""
    digest = hashlib.sha256(path.read_bytes()).hexdigest()[:12]
    return f"{path.relative_to(project.folder).as_posix()} (SHA-256 {digest})"


def _with_unique_names(scorers: Sequence[Scorer]) -> list[Scorer]:
    """Of several scorers with one name, models get the beginning of their digest added and others their kind."""
    count = Counter(one.name for one in scorers)
    return [
        one
        if count[one.name] == 1
        else replace(one, name=f"{one.name} ({one.key[:6] if one.kind == 'model' else one.kind})")
        for one in scorers
    ]


def _or_none(number: float) -> float | None:
    return None if math.isnan(number) else number
