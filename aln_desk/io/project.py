"""A project on disk: a folder with ``project.sqlite``, annotations, models, runs, cache and predictions."""

from __future__ import annotations

import json
import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Any

from aln_desk.domain import labels
from aln_desk.domain.errors import BadProject
from aln_desk.domain.labels import Label
from aln_desk.domain.look import Look
from aln_desk.domain.order import natural_key
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.review import Review
from aln_desk.domain.verdict import Verdict
from aln_desk.io.annotation_index import AnnotationIndex
from aln_desk.io.database import connect, inspect, sentences, writing
from aln_desk.io.label_sets import LabelSet, label_set, label_set_row
from aln_desk.io.stored_path import Locator, store

DATABASE = "project.sqlite"
TRUTH_FILE = "truth.csv"


@dataclass(frozen=True, slots=True)
class Adoption:
    """A model was made the project's own (empty digest: the embedded one); ``adopted_at`` is ISO time in UTC."""

    folder: Path
    digest: str
    adopted_at: str


class Project:
    """An open project. Use one object per thread; several processes may read while one writes.

    Every method raises BadProject with a sentence for the user when the database cannot do what was asked.
    """

    def __init__(self, folder: Path, connection: sqlite3.Connection) -> None:
        """Use `create` or `open`."""
        self.folder = folder
        self._connection = connection

    @classmethod
    def create(cls, folder: str | Path) -> Project:
        """An empty project in ``folder``, which is made and may hold other files, but no project yet."""
        folder = Path(folder).resolve()
        database = folder / DATABASE
        with sentences(database):
            if database.exists():
                raise BadProject(f"{folder}: a project lies here already; open it or choose another folder.")
            folder.mkdir(parents=True, exist_ok=True)
            return cls(folder, connect(database))

    @classmethod
    def open(cls, folder: str | Path) -> Project:
        """The project in ``folder``, brought up to this version's tables.

        A folder without a project, a damaged or foreign database and one of a newer ALN Desk are refused with
        a sentence and left untouched.
        """
        folder = Path(folder).resolve()
        database = folder / DATABASE
        with sentences(database):
            if not database.is_file():
                raise BadProject(f"{folder}: no project lies here; open another folder or make a new one.")
            inspect(database)
            return cls(folder, connect(database))

    def close(self) -> None:
        """Release the database; the object is of no use afterwards."""
        self._connection.close()

    def __enter__(self) -> Project:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.folder.name

    @property
    def simulated(self) -> bool:
        """True when the patients were simulated: the table of their true chances lies in the folder."""
        return (self.folder / TRUTH_FILE).is_file()

    @property
    def models(self) -> Path:
        """Folder of adopted and trained models, made when first asked for (like the four below)."""
        return _made(self.folder / "models")

    @property
    def runs(self) -> Path:
        """Folder of trainings."""
        return _made(self.folder / "runs")

    @property
    def cache(self) -> Path:
        """Folder of what can be made again."""
        return _made(self.folder / "cache")

    @property
    def predictions(self) -> Path:
        """Folder of what models and imports said: ``verdicts.csv``, ``instances.h5``, ``scores``, ``imported``."""
        return _made(self.folder / "predictions")

    @property
    def annotations(self) -> Path:
        """Folder of LabelMe files that cannot or should not lie beside their images."""
        return _made(self.folder / "annotations")

    def patients(self, roles: set[Role] | None = None, cohorts: set[str] | None = None) -> list[Patient]:
        """Patients in natural order, each with its bag; only of these roles and these cohorts where given."""
        wanted = {
            cohort.name
            for cohort in self.cohorts()
            if (roles is None or cohort.role in roles) and (cohorts is None or cohort.name in cohorts)
        }
        return sorted(
            (patient for patient in self._load() if patient.cohort in wanted),
            key=lambda patient: natural_key(patient.id),
        )

    def patient(self, patient: str) -> Patient:
        """One patient with its bag."""
        found = self._load(patient)
        if not found:
            raise _no_patient(patient)
        return found[0]

    def add_patient(self, patient: Patient) -> None:
        """Store a new patient with its bag; its cohort must exist and its ids must be new."""
        self.add_many([patient])

    def add_many(self, patients: Iterable[Patient]) -> None:
        """Store new patients with their bags: all of them, or none when one is refused."""
        with self._writing() as connection:
            for patient in patients:
                _insert(connection, patient, self.folder)

    def remove_patient(self, patient: str) -> None:
        """Forget a patient, its bag and its reviews; images and annotations stay on disk."""
        self._change("DELETE FROM patient WHERE id = ?", (patient,), _no_patient(patient))

    def set_outcome(self, patient: str, outcome: int | None) -> None:
        """Record the node status from pathology: 0, 1 or None (unknown)."""
        self._change("UPDATE patient SET outcome = ? WHERE id = ?", (outcome, patient), _no_patient(patient))

    def set_cohort(self, patient: str, name: str) -> None:
        """Move a patient to another existing cohort."""
        if name not in {cohort.name for cohort in self.cohorts()}:
            raise BadProject(f'There is no cohort "{name}" in this project; add it first.')
        self._change("UPDATE patient SET cohort = ? WHERE id = ?", (name, patient), _no_patient(patient))

    def set_origin(self, patient: str, hospital: str, admission_date: str) -> None:
        """Record where a patient comes from and when: any text, and ISO ``YYYY-MM-DD`` or empty (unknown)."""
        if admission_date and not _is_iso_date(admission_date):
            raise BadProject(f'"{admission_date}" is no date; write it as YYYY-MM-DD or leave it empty.')
        self._change(
            "UPDATE patient SET hospital = ?, admission_date = ? WHERE id = ?",
            (hospital, admission_date, patient),
            _no_patient(patient),
        )

    def set_clinical(self, patient: str, variable: str, value: str) -> None:
        """Record one clinical variable; an empty value forgets it."""
        self.patient(patient)
        with self._writing() as connection:
            connection.execute("DELETE FROM clinical WHERE patient = ? AND variable = ?", (patient, variable))
            if value:
                connection.execute("INSERT INTO clinical VALUES (?, ?, ?)", (patient, variable, value))

    def set_view(self, instance: str, view: View) -> None:
        """Record what an image shows."""
        missing = BadProject(f'There is no image "{instance}" in this project.')
        self._change("UPDATE instance SET view = ? WHERE id = ?", (view.value, instance), missing)

    def cohorts(self) -> list[Cohort]:
        """All cohorts in natural order, those without patients too."""
        cohorts = (Cohort(name, Role(role)) for name, role in self._rows("cohort"))
        return sorted(cohorts, key=lambda cohort: natural_key(cohort.name))

    def add_cohort(self, cohort: Cohort) -> None:
        """Store a cohort; one of that name takes the new role."""
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO cohort VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET role = excluded.role",
                (cohort.name, cohort.role.value),
            )

    def reviews(self, patient: str | None = None) -> list[Review]:
        """A patient's reviews (without one: everybody's) in the order in which they were signed."""
        return [_review(row) for row in self._rows("review", "patient", patient)]

    def add_review(self, review: Review) -> None:
        """Keep a signed review; earlier ones stay."""
        self.patient(review.patient)
        shown = review.verdict_shown
        said = (review.reader, review.judgement, review.note, review.seconds, review.signed_at)
        seen = (shown.score, shown.threshold, shown.model, shown.uncertain) if shown else (None, None, None, False)
        self._store("review", (review.patient, *said, *seen))

    def reviewed(self) -> set[str]:
        """Patients with at least one review."""
        return {patient for patient, *_ in self._rows("review")}

    def add_look(self, look: Look) -> None:
        """Record an evaluation of a test cohort; its time is now unless it says another."""
        with self.adding_looks([look]):
            pass

    @contextmanager
    def adding_looks(self, looks: Iterable[Look]) -> Iterator[None]:
        """Record these looks where the block ends well, and none of them where it does not.

        Nobody else can write to the project meanwhile, so the block must be short.
        """
        with self._writing() as connection:
            connection.executemany(f"INSERT INTO look VALUES ({', '.join('?' * 7)})", map(_look_row, looks))
            yield

    def looks(self, cohort: str | None = None) -> list[Look]:
        """Every evaluation of a test cohort (without one: of all), oldest first."""
        return [_look(row) for row in self._rows("look", "cohort", cohort)]

    @property
    def annotation_index(self) -> AnnotationIndex:
        """What the annotation files hold, without opening them."""
        return AnnotationIndex(self._connection, self._database)

    def labels(self) -> tuple[Label, ...]:
        """The labels offered: those stored last, else `labels.DEFAULT`."""
        history = self.label_sets()
        return history[-1].labels if history else labels.DEFAULT

    def set_labels(self, offered: Iterable[Label], reader: str = "") -> None:
        """Offer these labels from now on; earlier sets stay in the history. What cannot be used is refused."""
        chosen = tuple(offered)
        if wrong := labels.complaints(chosen):
            raise BadProject(" ".join(wrong))
        if chosen != self.labels():
            self._store("label_set", label_set_row(LabelSet(_now(), reader, chosen)))

    def label_sets(self) -> list[LabelSet]:
        """Every set of labels that was offered, oldest first; those of a newer ALN Desk that make no sense left out."""
        return [found for row in self._rows("label_set") if (found := label_set(row)) is not None]

    def adopt(self, model: str | Path, digest: str) -> None:
        """Make the model in folder ``model`` the one that reads this project from now on."""
        self._store("adoption", (*store(model, self.folder), digest, _now()))

    def adopt_embedded(self) -> None:
        """Let the embedded model read this project again; earlier adoptions stay in the history."""
        self._store("adoption", ("", None, "", _now()))

    def adoptions(self) -> list[Adoption]:
        """Every adoption, oldest first."""
        locator = Locator(self.folder)
        return [Adoption(Path(locator.find(*row[:2])), *row[2:]) for row in self._rows("adoption")]

    def adopted(self) -> Path | None:
        """Folder of the model adopted last; None while the embedded model is used."""
        history = self.adoptions()
        return history[-1].folder if history and history[-1].digest else None

    @property
    def _database(self) -> Path:
        return self.folder / DATABASE

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with writing(self._connection, self._database) as connection:
            yield connection

    def _rows(self, table: str, column: str = "", value: str | None = None) -> list[Any]:
        """Rows of a table in the order in which they were stored; with a value, those that have it."""
        chosen = ("", ()) if value is None else (f" WHERE {column} = ?", (value,))
        with sentences(self._database):
            return self._connection.execute(f"SELECT * FROM {table}{chosen[0]} ORDER BY rowid", chosen[1]).fetchall()

    def _store(self, table: str, row: tuple[Any, ...]) -> None:
        with self._writing() as connection:
            connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)

    def _change(self, statement: str, values: tuple[Any, ...], missing: BadProject) -> None:
        with self._writing() as connection:
            if connection.execute(statement, values).rowcount == 0:
                raise missing

    def _load(self, patient: str | None = None) -> list[Patient]:
        chosen = ("", ()) if patient is None else (" WHERE {} = ?", (patient,))
        by_id, by_patient = (chosen[0].format(column) for column in ("id", "patient"))
        with sentences(self._database):
            read = self._connection.execute
            read("BEGIN")  # the three tables as of one moment
            try:
                patients = read(f"SELECT * FROM patient{by_id}", chosen[1]).fetchall()
                instances = read(f"SELECT * FROM instance{by_patient} ORDER BY rowid", chosen[1]).fetchall()
                clinical = read(f"SELECT * FROM clinical{by_patient} ORDER BY rowid", chosen[1]).fetchall()
            finally:
                self._connection.rollback()
        return _assemble(patients, instances, clinical, Locator(self.folder))


def _assemble(patients: list[Any], instances: list[Any], clinical: list[Any], locator: Locator) -> list[Patient]:
    bags: dict[str, list[Instance]] = defaultdict(list)
    variables: dict[str, dict[str, str]] = defaultdict(dict)
    views = {view.value: view for view in View}
    for key, owner, view, *paths in instances:
        image, annotation = locator.find(*paths[:2]), locator.find(*paths[2:])
        bags[owner].append(Instance(key, owner, views[view], image, annotation))
    for owner, variable, value in clinical:
        variables[owner][variable] = value
    return [
        Patient(key, cohort, outcome, date, hospital, variables[key], tuple(bags[key]))
        for key, cohort, outcome, date, hospital in patients
    ]


def _insert(connection: sqlite3.Connection, patient: Patient, folder: Path) -> None:
    own = (patient.id, patient.cohort, patient.outcome, patient.admission_date, patient.hospital)
    try:
        connection.execute("INSERT INTO patient VALUES (?, ?, ?, ?, ?)", own)
        for instance in patient.bag:
            paths = (*store(instance.image, folder), *store(instance.annotation, folder))
            row = (instance.id, patient.id, instance.view.value, *paths)
            connection.execute("INSERT INTO instance VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    except sqlite3.IntegrityError as error:
        raise BadProject(f'Patient "{patient.id}" cannot be added: {_refusal(error, patient)}.') from error
    variables = [(patient.id, *pair) for pair in patient.clinical.items()]
    connection.executemany("INSERT INTO clinical VALUES (?, ?, ?)", variables)


def _refusal(error: sqlite3.IntegrityError, patient: Patient) -> str:
    if error.sqlite_errorname == "SQLITE_CONSTRAINT_FOREIGNKEY":
        return f'there is no cohort "{patient.cohort}" in this project; add it first'
    if error.sqlite_errorname == "SQLITE_CONSTRAINT_PRIMARYKEY":
        return "the patient or one of its images is in this project already"
    return "its outcome must be 0, 1 or unknown"


def _review(row: tuple[Any, ...]) -> Review:
    patient, reader, judgement, note, seconds, signed_at, *shown = row
    score, threshold, model, uncertain = shown
    verdict = None if model is None else Verdict(patient, score, threshold, model, uncertain=bool(uncertain))
    return Review(patient, reader, judgement, note, seconds, signed_at, verdict)


def _look_row(look: Look) -> tuple[Any, ...]:
    scorers, filters = (json.dumps(names, ensure_ascii=False) for names in (look.scorers, look.filters))
    return (look.looked_at or _now(), look.cohort, scorers, look.rule, filters, look.patients, look.origin)


def _look(row: tuple[Any, ...]) -> Look:
    looked_at, cohort, scorers, rule, filters, patients, origin = row
    return Look(cohort, tuple(json.loads(scorers)), rule, tuple(json.loads(filters)), patients, origin, looked_at)


def _is_iso_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _made(folder: Path) -> Path:
    with sentences(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def _no_patient(patient: str) -> BadProject:
    return BadProject(f'There is no patient "{patient}" in this project.')
