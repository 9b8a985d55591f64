"""`aln-desk evaluate` and `aln-desk import-scores`: what may be asked for, and the sentences where it may not."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from aln_desk import cli, cli_output
from aln_desk.domain.errors import BadFile, BadProject, BadSetting
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.review import Review
from aln_desk.domain.verdict import decide
from aln_desk.io import checkpoint, predictions
from aln_desk.io.project import Project
from aln_desk.io.scores import read_scorers
from aln_desk.io.verdicts import VerdictRow, write_reading

FIRST, SECOND = "aaaa11112222", "bbbb11112222"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Twelve patients read by two models; the run ``one`` made the second."""
    with Project.create(tmp_path / "study") as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        project.add_cohort(Cohort("north, test", Role.EXTERNAL_TEST))
        patients = [
            Patient(f"P{n}", "training" if n < 6 else "north, test", n % 2, clinical={"t_stage": "12"[n % 3 > 0]})
            for n in range(12)
        ]
        project.add_many(patients)
        for model in (FIRST, SECOND):
            scores = ((p, (int(p.id[1:]) * (7 if model == FIRST else 5)) % 12 / 12) for p in patients)
            rows = [VerdictRow(p.id, p.cohort, 0, s, 0.5, decide(s, 0.5), 1, 0, model) for p, s in scores]
            write_reading(project.predictions, model, rows)
        run(project, "one", SECOND)
        run(project, "failed", "")
        run(project, "unread", "cccc11112222", label="late")
        return project.folder


def run(project: Project, name: str, digest: str, label: str = "") -> None:
    (project.runs / name).mkdir()
    record = {"state": "finished" if digest else "failed", "digest": digest, "label": label}
    (project.runs / name / "run.json").write_text(json.dumps(record))


def evaluate(folder: Path, *words: object) -> int:
    return cli.run(
        [str(word) for word in ("evaluate", folder, *words, "--parts", "csv", "--out", folder.parent / "out")]
    )


def rows(folder: Path) -> list[tuple[str, str, str]]:
    with (folder.parent / "out" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return [(row["model"], row["cohort"], row["n"]) for row in csv.DictReader(file)]


def test_everything_is_compared_where_nothing_is_asked_for(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert evaluate(folder) == 0
    assert rows(folder) == [(model, name, "6") for model in (FIRST, SECOND) for name in ("north, test", "training")]
    told = capsys.readouterr()
    assert "Writing results" in told.err
    assert "4 files written" in told.out and "not a medical device" in told.out.lower()
    assert "How often test data were looked at so far: north, test 1." in told.out


def test_runs_models_and_imports_in_the_order_asked(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "r.csv").write_text("patient;score\nP6;0,5\nP7;0,75\nX;0,5\n")
    words = ["--runs", "one", "aaaa", "--scores", f"Radiomics={folder / 'r.csv'}", "--cohort", "north, test"]
    assert evaluate(folder, *words) == 0
    assert rows(folder) == [
        (SECOND, "north, test", "6"),
        (FIRST, "north, test", "6"),
        ("import:Radiomics", "north, test", "2"),
    ]
    told = capsys.readouterr()
    assert "2 scores kept as 'Radiomics'" in told.out
    assert "not in this project: 1 (X)" in told.err and "no frozen threshold" in told.err
    assert evaluate(folder, "--runs", "Radiomics", FIRST) == 0
    assert {key for key, _, _ in rows(folder)} == {"import:Radiomics", FIRST}


def test_readers_join_when_asked_for(folder: Path) -> None:
    with Project.open(folder) as project:
        project.add_review(Review("P6", "AN", 4))
    assert evaluate(folder, "--runs", FIRST, "--cohort", "north, test") == 0
    assert len(rows(folder)) == 1
    assert evaluate(folder, "--runs", FIRST, "--cohort", "north, test", "--readers") == 0
    assert rows(folder)[1] == ("reader:AN", "north, test", "1")


def test_models_of_single_figures_are_named_as_those_compared(folder: Path) -> None:
    for key in (FIRST, SECOND):
        predictions.merge([], folder / "predictions" / "instances.h5", key)
    words = ["--cases-by", "one", "--beside", "aaaa", "one", "--subgroups-of", "aaaa"]
    assert evaluate(folder, *words) == 0
    told = json.loads((folder.parent / "out" / "manifest.json").read_text(encoding="utf-8"))["selection"]
    assert (told["cases_by"], told["beside"], told["subgroups_of"]) == (SECOND, [FIRST, SECOND], FIRST)


def test_filters_and_threshold(folder: Path) -> None:
    words = ["--cohorts", "training", "--where", "t_stage=2", "--threshold", "0.4"]
    assert evaluate(folder, *words) == 0
    assert rows(folder) == [(FIRST, "training", "4"), (SECOND, "training", "4")]
    with (folder.parent / "out" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        assert {row["threshold"] for row in csv.DictReader(file)} == {"0.4"}
    with Project.open(folder) as project:
        assert project.looks() == []  # nobody looked at test data


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--runs", "x9"], r"no run or model 'x9'\. There are: aaaa11112222, bbbb11112222, .*one"),
        (["--cohorts", "south"], r"no cohort 'south'\. There are: north, test, training\."),
        (["--where", "t_stage=9"], r"no t_stage of '9'\. There are: 1, 2\."),
        (["--where", "age=9"], r"no variable 'age'\. There are: node image, hospital, t_stage\."),
        (["--where", "age"], "write variable=value"),
        (["--threshold", "best"], "'best' is no threshold"),
        (["--scores", "file.csv"], "write NAME=FILE"),
        (["--patients", "X9"], "no patient 'X9'"),
        (["--cases-by", "x9"], r"no run or model 'x9'\. There are: aaaa11112222"),
        (["--subgroups-of", "x9"], "no run or model 'x9'"),
        (["--beside", "one", "x9"], "no run or model 'x9'"),
        (["--beside", "one", "bbbb"], "two models side by side. Choose two different ones"),
        (["--runs", "one", "--cases-by", FIRST], f"show {FIRST}, which is not compared. Choose of {SECOND}, or"),
        (["--cases-by", "one"], f"is not kept in this project. Run: aln-desk predict study --model {SECOND}"),
    ],
)
def test_unknown_names_are_refused_with_those_that_exist(folder: Path, words: list[str], sentence: str) -> None:
    with pytest.raises(BadSetting, match=sentence):
        evaluate(folder, *words)
    assert not (folder.parent / "out").exists()


@pytest.mark.parametrize("asked", ["unread", "late"])
def test_a_run_whose_model_is_gone_says_so(folder: Path, asked: str) -> None:
    with pytest.raises(BadProject, match=r"run unread .* is gone: .*cccc11112222 does not exist\. Put .* back, or"):
        evaluate(folder, "--runs", asked)


@pytest.mark.parametrize("asked", ["unread", "late"])
def test_a_run_whose_model_has_not_read_the_project_names_the_command(folder: Path, asked: str) -> None:
    with Project.open(folder) as project:
        (project.models / "cccc11112222").mkdir()
        checkpoint.write_manifest(project.models / "cccc11112222", {"name": "late"})
    with pytest.raises(BadProject, match=r"run unread .* aln-desk predict .*study --model cccc11112222"):
        evaluate(folder, "--runs", asked)


def test_a_model_that_has_not_read_the_project_names_the_command(folder: Path) -> None:
    with Project.open(folder) as project:
        (project.models / "dddd11112222").mkdir()
        checkpoint.write_manifest(project.models / "dddd11112222", {"name": "new"})
    with pytest.raises(BadProject, match=r"Model dddd11112222 .* predict"):
        evaluate(folder, "--runs", "dddd11112222")


def test_a_run_without_a_model_and_a_name_of_several_runs_are_refused(folder: Path) -> None:
    with pytest.raises(BadProject, match=r"Run failed has made no model \(failed\)"):
        evaluate(folder, "--runs", "failed")
    with Project.open(folder) as project:
        run(project, "two", FIRST, label="fold")
        run(project, "three", SECOND, label="fold")
    with pytest.raises(BadSetting, match="Several runs are called 'fold': "):
        evaluate(folder, "--runs", "fold")


def test_without_any_scores_predict_comes_first(folder: Path, tmp_path: Path) -> None:
    with Project.create(tmp_path / "empty") as project:
        empty = project.folder
    with pytest.raises(BadProject, match="run `aln-desk predict`"):
        evaluate(empty)
    predictions.write_bag(empty / "predictions" / "instances.h5", FIRST, [], {})
    with pytest.raises(BadProject, match="train mil"):
        evaluate(empty)
    assert not (tmp_path / "out").exists()


def test_a_project_without_outcomes_says_so(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with Project.open(folder) as project:
        for patient in project.patients():
            project.set_outcome(patient.id, None)
    assert evaluate(folder) == 0
    assert "No patient has an outcome yet" in capsys.readouterr().err
    assert rows(folder) == []


def test_scores_are_imported_for_later(folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.csv").write_text("patient,score\nP6,0.5\nP7,0.7\n")
    words = ["import-scores", str(folder), str(tmp_path / "r.csv"), "--name", "R", "--threshold", "0.6"]
    assert cli.run(words) == 0
    assert cli.run([*words[:-2], "--no-probabilities"]) == 0
    assert "2 scores kept as 'R'" in capsys.readouterr().out
    with Project.open(folder) as project:
        kept = next(one for one in read_scorers(project) if one.key == "import:R")
    assert not kept.probability
    with pytest.raises(BadFile, match="does not exist"):
        cli.run(["import-scores", str(folder), str(tmp_path / "none.csv"), "--name", "R"])


@pytest.mark.parametrize("text", ["nan", "inf", "half"])
def test_a_threshold_of_imported_scores_is_a_number(folder: Path, tmp_path: Path, text: str) -> None:
    (tmp_path / "r.csv").write_text("patient,score\nP6,0.5\n")
    with pytest.raises(BadSetting, match=f"--threshold {text}: write a number"):
        cli.run(["import-scores", str(folder), str(tmp_path / "r.csv"), "--name", "R", "--threshold", text])


def test_a_part_that_was_asked_for_and_cannot_be_made_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    evaluate(folder, "--parts", "figure_4a")
    told = capsys.readouterr()
    assert "Figure 4A is left out: " in told.err and " files written" in told.out


def test_imported_scores_are_forgotten_when_asked(folder: Path, tmp_path: Path) -> None:
    file = tmp_path / "scores.csv"
    file.write_text("patient,score\nP1,0.5\nP2,0.7\n", encoding="utf-8")
    assert cli.run(["import-scores", str(folder), str(file), "--name", "other"]) == 0
    assert cli.run(["import-scores", str(folder), "--name", "other", "--remove"]) == 0
    with Project.open(folder) as project:
        assert all(one.kind != "import" for one in read_scorers(project))
    with pytest.raises(BadProject, match="no imported scores 'other'"):
        cli.run(["import-scores", str(folder), "--name", "other", "--remove"])


@pytest.mark.parametrize("words", [["--name", "x"], ["file.csv", "--name", "x", "--remove"]])
def test_a_file_or_a_removal_but_not_both(folder: Path, words: list[str]) -> None:
    with pytest.raises(BadSetting, match="--remove"):
        cli.run(["import-scores", str(folder), *words])


def everything(folder: Path) -> dict[str, bytes]:
    """All files of the project but its database, which opening may touch."""
    files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("project.sqlite"))
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize(
    ("words", "error"),
    [
        (["--scores", "Second=missing.csv"], BadFile),
        (["--runs", "nobody"], BadSetting),
        (["--cohorts", "nowhere"], BadSetting),
        (["--parts", "table_99"], BadSetting),
        (["--patients", "X"], BadSetting),
        (["--cases-by", "nobody"], BadSetting),
        (["--cases-by", FIRST], BadSetting),
    ],
)
@pytest.mark.parametrize("replaced", [False, True])
def test_a_failing_evaluation_leaves_no_scores_and_no_look(
    folder: Path, tmp_path: Path, words: list[str], error: type[Exception], replaced: bool,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    (tmp_path / "r.csv").write_text("patient,score\nP6,0.5\nP7,0.7\n")
    if replaced:
        (tmp_path / "old.csv").write_text("patient,score\nP6,5\n")
        cli.run(["import-scores", str(folder), str(tmp_path / "old.csv"), "--name", "R", "--threshold", "2"])
    before = everything(folder)
    capsys.readouterr()
    with pytest.raises(error):
        evaluate(folder, "--scores", f"R={tmp_path / 'r.csv'}", *words)
    assert everything(folder) == before and not (tmp_path / "out").exists()
    assert "kept as" not in capsys.readouterr().out
    with Project.open(folder) as project:
        assert project.looks() == []
        assert [one.threshold for one in read_scorers(project) if one.kind == "import"] == [2.0] * replaced


def test_a_stop_or_a_full_disk_leaves_no_scores_and_no_look(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "r.csv").write_text("patient,score\nP6,0.5\nP7,0.7\n")
    words = ["--scores", f"R={tmp_path / 'r.csv'}"]
    before = everything(folder)

    def full(*_: object) -> list[Path]:
        raise BadFile(tmp_path / "out", "could not be written (No space left on device)")

    with monkeypatch.context() as patched:
        patched.setattr("aln_desk.evaluation.csv_files.write", full)
        with pytest.raises(BadFile, match="No space left"):
            evaluate(folder, *words)
    with monkeypatch.context() as patched:
        patched.setattr(cli_output.Output, "should_stop", lambda self: True)
        assert evaluate(folder, *words) == 130
    assert everything(folder) == before and not (tmp_path / "out").exists()
    with Project.open(folder) as project:
        assert project.looks() == []


def test_an_export_of_what_the_window_shows_is_no_second_look(folder: Path) -> None:
    evaluate(folder, "--shown")
    with Project.open(folder) as project:
        (look,) = project.looks()
        assert (look.cohort, look.origin) == ("north, test", "export")
    evaluate(folder, "--shown")
    with Project.open(folder) as project:
        assert len(project.looks()) == 1
