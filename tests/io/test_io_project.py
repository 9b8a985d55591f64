"""The project's database: what is stored comes back, survives moving, and refuses what it cannot keep."""

from __future__ import annotations

import shutil
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from aln_desk.domain.errors import BadProject
from aln_desk.domain.look import Look
from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
from aln_desk.domain.review import Review
from aln_desk.domain.verdict import Verdict
from aln_desk.io import database, schema
from aln_desk.io.project import DATABASE, Project

TRAINING = Cohort("training", Role.TRAIN)
EXTERNAL = Cohort("external test B", Role.EXTERNAL_TEST)


def patient(name: str, images: Path, cohort: str = "training", files: tuple[str, ...] = ("a.png",)) -> Patient:
    bag = tuple(
        Instance(f"{name}/{file}", name, View.TUMOUR, str(images / name / file), str(images / name / f"{file}.json"))
        for file in files
    )
    return Patient(name, cohort, 1, "2024-02-29", "Hospital 中", {"age": "54", "t_stage": "cT2"}, bag)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    for name in ("P1", "P2", "P10"):
        (tmp_path / "images" / name).mkdir(parents=True)
    return tmp_path / "images"


@pytest.fixture
def project(tmp_path: Path, images: Path):
    with Project.create(tmp_path / "study 研究") as opened:
        opened.add_cohort(TRAINING)
        opened.add_cohort(EXTERNAL)
        opened.add_many(
            [
                patient("P10", images),
                patient("P1", images, files=("b.png", "a.png")),
                patient("P2", images, EXTERNAL.name),
            ]
        )
        yield opened


def test_patients_come_back_whole_and_in_natural_order(project: Project, images: Path) -> None:
    assert [found.id for found in project.patients()] == ["P1", "P2", "P10"]
    assert project.patient("P1") == patient("P1", images, files=("b.png", "a.png"))
    assert project.patients()[1] == project.patient("P2") == patient("P2", images, EXTERNAL.name)
    assert project.name == "study 研究"


def test_patients_are_chosen_by_role_and_cohort(project: Project) -> None:
    def names(**choice) -> list[str]:
        return [found.id for found in project.patients(**choice)]

    assert names(roles={Role.TRAIN}) == ["P1", "P10"]
    assert names(cohorts={EXTERNAL.name}) == ["P2"]
    assert names(roles={Role.TRAIN}, cohorts={EXTERNAL.name}) == []
    assert names(roles=set()) == []


def test_changes_are_there_after_reopening(project: Project) -> None:
    project.set_outcome("P1", None)
    project.set_outcome("P2", 0)
    project.set_cohort("P2", "training")
    project.set_clinical("P1", "age", "")
    project.set_clinical("P1", "t_stage", "cT3")
    project.set_clinical("P1", "birads", "4C")
    project.set_view("P1/a.png", View.NODE)
    project.remove_patient("P10")
    project.close()
    with Project.open(project.folder) as again:
        first, second = again.patients()
    assert (first.outcome, second.outcome, second.cohort) == (None, 0, "training")
    assert first.clinical == {"t_stage": "cT3", "birads": "4C"}
    assert [instance.view for instance in first.bag] == [View.TUMOUR, View.NODE]


def test_where_and_when_a_patient_comes_from(project: Project) -> None:
    project.set_origin("P1", "Hôpital 二", "2023-02-28")
    project.set_origin("P2", "", "")
    with Project.open(project.folder) as again:
        first, second, third = again.patients()
    assert (first.hospital, first.admission_date) == ("Hôpital 二", "2023-02-28")
    assert (second.hospital, second.admission_date) == ("", "")
    assert (third.hospital, third.admission_date) == ("Hospital 中", "2024-02-29")


@pytest.mark.parametrize("word", ["2023-02-29", "20230228", "2023-2-28", "2023-W09-2", "28.02.2023", " ", "soon"])
def test_what_is_no_iso_date_is_refused(project: Project, word: str) -> None:
    with pytest.raises(BadProject, match="YYYY-MM-DD"):
        project.set_origin("P1", "elsewhere", word)
    assert (project.patient("P1").hospital, project.patient("P1").admission_date) == ("Hospital 中", "2024-02-29")


def test_a_cohort_takes_a_new_role(project: Project) -> None:
    project.add_cohort(Cohort("training", Role.TUNE))
    assert project.cohorts() == [EXTERNAL, Cohort("training", Role.TUNE)]


def test_unknown_names_are_refused_with_a_sentence(project: Project) -> None:
    for change in (
        lambda: project.patient("P3"),
        lambda: project.set_outcome("P3", 1),
        lambda: project.set_cohort("P3", "training"),
        lambda: project.set_clinical("P3", "age", "1"),
        lambda: project.set_origin("P3", "A", ""),
        lambda: project.remove_patient("P3"),
        lambda: project.add_review(Review("P3", "AN", 3)),
    ):
        with pytest.raises(BadProject, match='no patient "P3"'):
            change()
    with pytest.raises(BadProject, match=r'no image "P1/z\.png"'):
        project.set_view("P1/z.png", View.NODE)
    with pytest.raises(BadProject, match='no cohort "none"'):
        project.set_cohort("P1", "none")


def test_adding_is_all_or_nothing(project: Project, images: Path) -> None:
    new = patient("P3", images)
    for bad, reason in (
        (patient("P1", images), "in this project already"),
        (replace(patient("P4", images), bag=patient("P1", images).bag), "in this project already"),
        (patient("P4", images, cohort="none"), 'no cohort "none"'),
        (replace(patient("P4", images), outcome=2), "outcome must be"),
    ):
        with pytest.raises(BadProject, match=reason):
            project.add_many([new, bad])
    with pytest.raises(BadProject, match="refused a value"):
        project.set_outcome("P1", 2)
    assert [found.id for found in project.patients()] == ["P1", "P2", "P10"]
    project.add_patient(new)
    assert project.patient("P3") == new


@pytest.mark.parametrize("uncertain", [False, True])
def test_reviews_are_kept_in_order_and_go_with_their_patient(project: Project, uncertain: bool) -> None:
    shown = Verdict("P1", 0.75, 0.5, "abc", uncertain=uncertain)
    blind = Review("P1", "AN", 2, "no node seen ü", 12.5, "2026-03-04T10:00:00+00:00")
    after = replace(blind, reader="B", judgement=4, verdict_shown=shown)
    project.add_review(blind)
    project.add_review(after)
    first, second = project.reviews("P1")
    assert first == blind
    assert replace(second, verdict_shown=None) == replace(after, verdict_shown=None)
    assert second.verdict_shown == shown
    assert project.reviewed() == {"P1"}
    project.remove_patient("P1")
    assert project.reviews("P1") == [] and project.reviewed() == set()


def test_reviews_of_everybody_come_in_the_order_of_signing(project: Project) -> None:
    for name, judgement in (("P2", 1), ("P1", 2), ("P2", 3)):
        project.add_review(Review(name, "AN", judgement))
    assert [(one.patient, one.judgement) for one in project.reviews()] == [("P2", 1), ("P1", 2), ("P2", 3)]


def test_looks_at_test_data_are_kept_in_order(project: Project) -> None:
    assert project.looks() == []
    look = Look(EXTERNAL.name, ("abc", "reader:王"), "sensitivity:0.95", ('t="a,b",c',), 7, "window")
    project.add_look(replace(look, looked_at="2026-03-04T10:00:00+00:00"))
    project.add_look(look)
    project.add_look(replace(look, cohort="gone", origin="command"))
    first, second = project.looks(EXTERNAL.name)
    assert first == replace(look, looked_at="2026-03-04T10:00:00+00:00")
    assert replace(second, looked_at="") == look and second.looked_at.endswith("+00:00")
    assert [one.cohort for one in project.looks()] == [EXTERNAL.name, EXTERNAL.name, "gone"]


def test_looks_are_added_together_or_not_at_all(project: Project) -> None:
    look = Look(EXTERNAL.name, ("abc",), "frozen", (), 7, "command")
    with pytest.raises(BadProject, match="full"), project.adding_looks([look, look]):
        raise BadProject("The disk is full.")
    assert project.looks() == []
    with project.adding_looks([look, replace(look, cohort="gone")]):
        pass
    assert [one.cohort for one in project.looks()] == [EXTERNAL.name, "gone"]


def test_a_judgement_runs_from_one_to_five() -> None:
    with pytest.raises(ValueError, match="1 to 5"):
        Review("P1", "AN", 6)


def test_the_last_adoption_counts_and_the_history_stays(project: Project, tmp_path: Path) -> None:
    assert project.adopted() is None
    project.adopt(project.models / "abc", "abc")
    project.adopt(tmp_path / "elsewhere", "def")
    assert project.adopted() == tmp_path / "elsewhere"
    assert [(one.folder, one.digest) for one in project.adoptions()] == [
        (project.folder / "models" / "abc", "abc"),
        (tmp_path / "elsewhere", "def"),
    ]
    assert all(one.adopted_at.endswith("+00:00") for one in project.adoptions())


def test_folders_are_made_when_asked_for(project: Project) -> None:
    assert {path.name for path in project.folder.iterdir() if path.is_dir()} == set()
    asked = [project.models, project.runs, project.cache, project.predictions, project.annotations]
    assert all(path.is_dir() and path.parent == project.folder for path in asked)


def test_simulated_patients_are_known_by_their_truth(project: Project) -> None:
    assert not project.simulated
    (project.folder / "truth.csv").touch()
    assert project.simulated


def test_a_moved_project_finds_its_own_files(tmp_path: Path) -> None:
    (tmp_path / "p" / "images" / "P1").mkdir(parents=True)
    with Project.create(tmp_path / "p") as project:
        project.add_cohort(TRAINING)
        project.add_patient(patient("P1", tmp_path / "p" / "images"))
        project.adopt(project.models / "abc", "abc")
    (tmp_path / "q").mkdir()
    shutil.move(tmp_path / "p", tmp_path / "q" / "moved")
    with Project.open(tmp_path / "q" / "moved") as moved:
        assert moved.patients() == [patient("P1", tmp_path / "q" / "moved" / "images")]
        assert moved.adopted() == tmp_path / "q" / "moved" / "models" / "abc"


def test_a_project_moved_alone_still_finds_images_elsewhere(project: Project, images: Path, tmp_path: Path) -> None:
    project.close()
    shutil.move(project.folder, tmp_path / "deep")
    with Project.open(tmp_path / "deep") as moved:
        assert moved.patient("P2") == patient("P2", images, EXTERNAL.name)


def test_a_project_moved_together_with_its_images_finds_them(project: Project, tmp_path: Path) -> None:
    project.close()
    new = tmp_path / "backup" / "2026"
    new.mkdir(parents=True)
    for path in (project.folder, tmp_path / "images"):
        shutil.move(path, new / path.name)
    with Project.open(new / project.name) as moved:
        assert moved.patient("P2") == patient("P2", new / "images", EXTERNAL.name)


def test_images_that_are_gone_keep_their_old_path(project: Project, images: Path) -> None:
    shutil.rmtree(images)
    assert project.patient("P2") == patient("P2", images, EXTERNAL.name)


def test_a_linked_image_folder_inside_the_project_is_resolved(tmp_path: Path, images: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        (project.folder / "linked").symlink_to(images)
        project.add_cohort(TRAINING)
        project.add_patient(patient("P1", project.folder / "linked"))
        assert project.patient("P1") == patient("P1", images)


def test_a_name_that_is_no_text_is_refused(project: Project, images: Path) -> None:
    with pytest.raises(BadProject, match="rename"):
        project.add_patient(patient("P\udcff", images))
    project.set_outcome("P1", 0)  # the refused transaction is over


def test_others_read_while_one_writes_and_a_second_writer_waits_in_vain(
    project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "BUSY_SECONDS", 0.05)
    with Project.open(project.folder) as other, project._writing() as connection:
        connection.execute("UPDATE patient SET outcome = 0")
        assert other.patient("P1").outcome == 1
        with pytest.raises(BadProject, match="another program is writing"):
            other.set_outcome("P1", None)


# --- opening ---------------------------------------------------------------------------------------------------------


def old_project(folder: Path) -> Path:
    """A project as version 1 made it."""
    folder.mkdir()
    connection = sqlite3.connect(folder / DATABASE)
    connection.executescript(schema.MIGRATIONS[0] + "; PRAGMA user_version = 1;")
    connection.execute("INSERT INTO cohort VALUES ('training', 'train')")
    connection.execute("INSERT INTO patient VALUES ('P1', 'training', NULL, '', '')")
    connection.execute("INSERT INTO review VALUES ('P1', 'AN', 4, '', 9.0, '', 0.75, 0.5, 'abc')")
    connection.commit()
    connection.close()
    return folder


def test_a_project_of_the_first_version_opens_today(tmp_path: Path) -> None:
    with Project.open(old_project(tmp_path / "old")) as project:
        assert project.patients() == [Patient("P1", "training")]
        assert project.reviews("P1")[0].verdict_shown == Verdict("P1", 0.75, 0.5, "abc")


def test_later_scripts_bring_an_old_project_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = (
        *schema.MIGRATIONS,
        "CREATE TABLE later (x); INSERT INTO later VALUES (7)",
        "ALTER TABLE later ADD COLUMN y",
    )
    monkeypatch.setattr(schema, "MIGRATIONS", later)
    with Project.open(old_project(tmp_path / "old")) as project:
        assert project.patients() == [Patient("P1", "training")]
    connection = sqlite3.connect(tmp_path / "old" / DATABASE)
    assert connection.execute("SELECT * FROM later").fetchall() == [(7, None)]
    assert schema.version(connection) == len(later)
    connection.close()


def test_a_script_that_fails_leaves_no_trace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = old_project(tmp_path / "old")
    monkeypatch.setattr(
        schema, "MIGRATIONS", (*schema.MIGRATIONS, "CREATE TABLE later (x); INSERT INTO none VALUES (1)")
    )
    with pytest.raises(BadProject):
        Project.open(folder)
    connection = sqlite3.connect(folder / DATABASE)
    assert schema.version(connection) == len(schema.MIGRATIONS) - 1
    assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'later'").fetchall() == []
    connection.close()


def newer(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(schema.MIGRATIONS) + 1}")
    connection.commit()
    connection.close()


def foreign(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE someone (x)")
    connection.commit()
    connection.close()


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: 5 * 4096 - 100])


def scratched(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xa5" * 4096 + content[8192:])


def test_what_is_no_whole_project_of_today_is_refused_untouched(tmp_path: Path) -> None:
    spoilers = {
        newer: "newer ALN Desk",
        foreign: "no project or it is damaged",
        cut: "no project or it is damaged",
        scratched: "no project or it is damaged",
        lambda path: path.write_text("hello"): "no project or it is damaged",
        lambda path: path.write_bytes(b""): "no project or it is damaged",
    }
    for number, (spoil, sentence) in enumerate(spoilers.items()):
        folder = old_project(tmp_path / str(number))
        spoil(folder / DATABASE)
        before = (folder / DATABASE).read_bytes()
        with pytest.raises(BadProject, match=sentence):
            Project.open(folder)
        assert (folder / DATABASE).read_bytes() == before
        assert [path.name for path in folder.iterdir()] == [DATABASE]


def test_a_folder_without_a_project_is_said_so(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "none"):
        with pytest.raises(BadProject, match="no project lies here"):
            Project.open(folder)
    assert not (tmp_path / "none").exists()


def test_creating_over_a_project_or_a_file_is_refused(project: Project, tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="lies here already"):
        Project.create(project.folder)
    (tmp_path / "file").touch()
    with pytest.raises(BadProject, match="choose a place"):
        Project.create(tmp_path / "file")


@pytest.mark.parametrize("refusal", ["attempt to write a readonly database", "unable to open database file"])
def test_a_read_only_folder_is_said_so(project: Project, monkeypatch: pytest.MonkeyPatch, refusal: str) -> None:
    def refuse(*_: object, **__: object) -> None:
        error = sqlite3.OperationalError(refusal)
        error.sqlite_errorname = "SQLITE_READONLY_DIRECTORY" if "readonly" in refusal else "SQLITE_CANTOPEN"
        raise error

    monkeypatch.setattr(schema, "migrate", refuse)
    with pytest.raises(BadProject, match="cannot be written to; copy its folder"):
        Project.open(project.folder)


def test_a_database_that_may_only_be_read_refuses_changes_with_a_sentence(project: Project) -> None:
    project._connection.execute("PRAGMA query_only = ON")
    with pytest.raises(BadProject, match="cannot be written to"):
        project.set_outcome("P1", 0)
    assert project.patient("P1").outcome == 1


def test_the_embedded_model_can_be_taken_back(tmp_path: Path) -> None:
    with Project.create(tmp_path / "p") as project:
        project.adopt(tmp_path / "model", "abc")
        assert project.adopted() == tmp_path / "model"
        project.adopt_embedded()
        assert project.adopted() is None
        assert [one.digest for one in project.adoptions()] == ["abc", ""]
        project.adopt(tmp_path / "model", "abc")
        assert project.adopted() == tmp_path / "model"
