"""A training that was asked for before is found or gone on with; anything else is begun anew."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from aln_desk.domain.errors import Stopped
from aln_desk.domain.messages import Message, Note, Progress
from aln_desk.io.project import Project
from training import once
from training.record import RunFolder, RunRecord, fold_words
from training.run import Job

Emit = Callable[[Message], None]
FOLD = (2, 5)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Job]:
    """The trainings that were begun or gone on with; none is made."""
    jobs: list[Job] = []

    def train(job: Job, emit: Emit) -> Path:
        jobs.append(job)
        emit(Progress("mtl", 1, 2))
        emit(Note("A note."))
        return Path("made")

    monkeypatch.setattr(once, "train", train)
    return jobs


def job(study: Path) -> Job:
    return Job(study, name="wanted", fold=FOLD)


def run(study: Path, state: str, label: str = "wanted", fold: tuple[int, int] | None = FOLD, digest: str = "") -> str:
    """A run's record in the study; its name."""
    record = RunRecord("", "tiny", "all", "2030-01-01T00:00:00", {}, [], fold=fold_words(fold))
    with Project.open(study) as project:
        folder = RunFolder.create(project.runs, record)
    folder.change(state=state, label=label, digest=digest)
    return folder.record.run


def model(study: Path, digest: str) -> Path:
    with Project.open(study) as project:
        folder = project.models / digest
    folder.mkdir(parents=True)
    (folder / "manifest.json").write_text("{}")
    return folder


def test_a_finished_run_is_not_done_again(study: Path, asked: list[Job]) -> None:
    folder = model(study, "abc")
    run(study, "finished", digest="abc")
    run(study, "stopped")
    assert once.trained(job(study)) == folder and not asked


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_run_that_was_cut_off_is_gone_on_with(study: Path, asked: list[Job], state: str) -> None:
    name = run(study, state)
    assert once.trained(job(study)) == Path("made")
    assert [one.resume for one in asked] == [name]


@pytest.mark.parametrize("state", ["failed", "finished"])
def test_a_run_that_failed_or_whose_model_is_gone_is_begun_anew(study: Path, asked: list[Job], state: str) -> None:
    run(study, state, digest="gone")
    once.trained(job(study))
    assert asked == [job(study)]


def test_another_name_or_fold_is_another_training(study: Path, asked: list[Job]) -> None:
    model(study, "abc")
    run(study, "finished", label="other", digest="abc")
    run(study, "finished", fold=None, digest="abc")
    run(study, "stopped", fold=(1, 5))
    once.trained(job(study))
    assert asked == [job(study)]


def test_notes_are_told_and_nothing_else(study: Path, asked: list[Job], capsys: pytest.CaptureFixture[str]) -> None:
    once.trained(job(study))
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", "A note.\n")


def test_a_training_that_is_asked_to_stop_is_told(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(once, "train", lambda job, emit: None)
    with pytest.raises(Stopped, match="goes on from here"):
        once.trained(job(study))
