"""`aln-desk train` and `aln-desk runs`: what they ask of the training, and what they refuse."""

from __future__ import annotations

import argparse
import json
import signal
from pathlib import Path

import pytest
from small_study import make_model

from aln_desk import cli, cli_train
from aln_desk.domain.errors import AlnError, BadProject, BadSetting
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from training import several
from training.record import RunFolder, RunRecord
from training.run import Job

TINY = ("--preset", "tiny", "--set", "mil.epochs=1", "--set", "mil.kind=abmil", "--device", "cpu")


def call(*words: object) -> int:
    return cli.run([str(word) for word in words])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The jobs that a command line asks for; nothing is trained."""
    found: list[Job] = []

    def train_all(wanted: list[Job], *rest: object) -> list[Path]:
        found.extend(wanted)
        return [Path("model") for _ in wanted]

    monkeypatch.setattr(several, "train_all", train_all)
    return found


def test_every_word_reaches_the_job(asked: list[Job], tmp_path: Path) -> None:
    words = ["--preset", "tiny", "--set", "size=96", "--set", " mtl.batch = 2", "--cohorts", "a,b", "--cohort", "c, d"]
    words += ["--base", tmp_path, "--like", "R", "--name", "mine", "--allow-download", "--device", "cpu", "--wait"]
    assert call("train", "mil", tmp_path, *words) == 0
    (job,) = asked
    assert job == Job(
        project=tmp_path,
        stages="mil",
        preset="tiny",
        settings=(("size", "96"), ("mtl.batch", " 2")),
        cohorts=("a", "b", "c, d"),
        device="cpu",
        base=tmp_path,
        wait=True,
        like="R",
        name="mine",
        allow_download=True,
    )


@pytest.fixture
def two_runs(study: Path) -> list[str]:
    """The names of a run that was stopped and of a later one that finished."""
    names = []
    with Project.open(study) as project:
        for state in ("stopped", "finished"):
            run = RunFolder.create(project.runs, RunRecord("", "tiny", "all", "2026-03-04", {}, ["training"]))
            run.change(state=state)
            names.append(run.record.run)
    return names


@pytest.mark.parametrize("latest", [True, False])
def test_a_run_to_resume(asked: list[Job], study: Path, two_runs: list[str], latest: bool) -> None:
    stopped, finished = two_runs
    call("train", "all", study, "--resume", *([] if latest else [finished]))
    assert [job.resume for job in asked] == [stopped if latest else finished]


def test_nothing_is_resumed_unasked(asked: list[Job], tmp_path: Path) -> None:
    call("train", "all", tmp_path)
    assert [job.resume for job in asked] == [None]


def test_folds_and_seeds_are_several_jobs(asked: list[Job], tmp_path: Path) -> None:
    call("train", "mil", tmp_path, "--folds", 3, "--seeds", "4,0-1")
    assert [(job.fold, job.settings) for job in asked] == [
        ((fold, 3), (("seed", str(seed)),)) for fold in (1, 2, 3) for seed in (4, 0, 1)
    ]


@pytest.mark.parametrize(
    ("text", "seeds"), [("3", (3,)), ("0,1,2", (0, 1, 2)), ("2-4", (2, 3, 4)), ("7,0-2,1", (7, 0, 1, 2))]
)
def test_seeds_as_they_are_written(text: str, seeds: tuple[int, ...]) -> None:
    assert cli_train._seeds(text) == seeds


@pytest.mark.parametrize(
    "words", [["--seeds", "4-2"], ["--seeds", "one"], ["--seeds", ""], ["--folds", "1"], ["--folds", "x"]]
)
def test_numbers_that_are_none_are_refused(
    asked: list[Job], tmp_path: Path, words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as left:
        call("train", "mil", tmp_path, *words)
    assert left.value.code == 2
    assert words[0] in capsys.readouterr().err
    assert not asked


def test_the_smaller_seed_comes_first() -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="'4-2' holds no seed"):
        cli_train._seeds("4-2")


@pytest.mark.parametrize("words", [["--seeds", "0,1"], ["--folds", "2"]])
def test_several_runs_are_not_resumed_at_once(asked: list[Job], tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(BadSetting, match="--resume knows the folds and seeds"):
        call("train", "mil", tmp_path, "--resume", *words)
    assert not asked


@pytest.mark.parametrize(
    ("words", "error", "about"),
    [
        (["--preset", "huge"], BadSetting, "huge"),
        (["--set", "mtl.iterations"], BadSetting, "key=value"),
        (["--set", "size=100"], BadSetting, "multiple of 32"),
        (["--set", "mil.kind=vote"], BadSetting, r"mil\.kind.*abmil"),
        (["--set", "backbone=vgg"], BadSetting, "vgg"),
        (["--cohorts", "nobody"], BadProject, "nobody"),
        (["--cohorts", "internal test"], BadProject, "test cohort"),
        (["--resume"], BadProject, "no run to resume"),
        (["--resume", "20260101-000000-tiny"], BadProject, "no run 20260101-000000-tiny to resume"),
        (["--like", "20260101-000000-tiny"], BadProject, "no run '20260101-000000-tiny'"),
    ],
)
def test_a_wrong_request_is_a_sentence(study: Path, words: list[str], error: type[AlnError], about: str) -> None:
    with pytest.raises(error, match=about):
        call("train", "all", study, "--device", "cpu", *words)
    assert not list((study / "runs").glob("*"))


def test_folds_and_seeds_of_stage_two_end_in_a_table(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    base = make_model(tmp_path / "base")
    assert call("train", "mil", study, *TINY, "--base", base, "--folds", 2, "--seeds", "0,1", "--adopt") == 0
    told = capsys.readouterr().out.splitlines()
    assert sum("The new model lies in" in line for line in told) == 4
    with Project.open(study) as project:
        runs = read_runs(project.runs)
        assert project.adopted() is not None
    assert {(run.fold, run.recipe["seed"]) for run in runs} == {("1/2", 0), ("2/2", 0), ("1/2", 1), ("2/2", 1)}
    assert len({run.group for run in runs}) == 1
    assert {run.state for run in runs} == {"finished"}
    assert {read_manifest(Path(run.model))["training"]["patients_fit"] for run in runs} == {12}

    assert call("runs", study, "--csv", tmp_path / "runs.csv") == 0
    shown = capsys.readouterr().out
    assert all(run.name in shown for run in runs)
    assert all(run.name in (tmp_path / "runs.csv").read_text(encoding="utf-8") for run in runs)


def test_without_runs_there_is_no_table(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert call("runs", study) == 0
    assert "Nothing has been trained here yet" in capsys.readouterr().out


def test_a_stopped_run_ends_with_130_and_is_done_again_as_it_was(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    base = make_model(tmp_path / "base")
    assert call("train", "mil", study, *TINY, "--base", base, "--set", "seed=9") == 0
    capsys.readouterr()
    with Project.open(study) as project:
        (first,) = read_runs(project.runs)
    with monkeypatch.context() as patched:
        patched.setattr(cli_train.Output, "should_stop", lambda self: True)
        assert call("train", "mil", study, "--like", first.name, "--events", "--device", "cpu") == 130
    last = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (last["event"], last["stopped"]) == ("Finished", True)
    assert call("train", "mil", study, "--resume", "--device", "cpu") == 0
    with Project.open(study) as project:
        again = next(run for run in read_runs(project.runs) if run.name != first.name)
    assert again.recipe == first.recipe and again.recipe["seed"] == 9
    one, other = (Path(run.model) / "mil.safetensors" for run in (first, again))
    assert one.read_bytes() == other.read_bytes()


def test_an_assisting_process_works_in_silence(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training import run

    seen: list[tuple[Job, object]] = []
    handlers = {kind: signal.getsignal(kind) for kind in (signal.SIGINT, signal.SIGTERM)}
    monkeypatch.setenv("RANK", "1")

    def train(job: Job, emit: object) -> None:
        seen.append((job, signal.getsignal(signal.SIGINT)))

    monkeypatch.setattr(run, "train", train)
    try:
        assert call("train", "mtl", tmp_path, "--seeds", "0,1", "--adopt") == 0
    finally:
        for kind, handler in handlers.items():
            signal.signal(kind, handler)
    assert [dict(job.settings)["seed"] for job, _ in seen] == ["0", "1"]
    assert {ignored for _, ignored in seen} == {signal.SIG_IGN}
    assert capsys.readouterr().out == ""
