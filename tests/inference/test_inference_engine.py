"""The engine's conversation: one line a message, newest wins, ends with its input."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from aln_desk.domain.messages import (
    BagPredicted,
    Cancel,
    Failed,
    Finished,
    InstancePredicted,
    Message,
    Predict,
    Prefer,
    Started,
    to_line,
)
from aln_desk.inference.engine import Engine
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.logistic import CategoryTerm, LogisticModel


class Conversation:
    """An engine in a thread of this process, spoken to by lines as over a pipe."""

    def __init__(self) -> None:
        self.answers: queue.Queue[Message] = queue.Queue()
        self._lines: queue.Queue[str | None] = queue.Queue()
        self._thread = threading.Thread(target=Engine(self.answers.put).serve, args=(self._read(),))
        self._thread.start()

    def _read(self) -> Iterator[str]:
        while (line := self._lines.get()) is not None:
            yield line

    def say(self, message: Message) -> None:
        self._lines.put(to_line(message))

    def until(self, *kinds: type) -> list[Message]:
        heard = []
        while True:
            heard.append(self.answers.get(timeout=60))
            if isinstance(heard[-1], kinds):
                return heard

    def hang_up(self) -> None:
        self._lines.put(None)
        self._thread.join(timeout=60)
        assert not self._thread.is_alive()


@pytest.fixture
def talk() -> Iterator[Conversation]:
    conversation = Conversation()
    yield conversation
    conversation.hang_up()


def test_a_project_is_read_and_every_bag_told(talk: Conversation, study: Path, random_model: Path) -> None:
    talk.say(Predict(str(study), str(random_model), "cpu"))
    heard = talk.until(Finished, Failed)
    assert isinstance(heard[-1], Finished)
    assert not heard[-1].stopped
    assert sum(isinstance(m, BagPredicted) for m in heard) == 32
    assert (study / "predictions" / "verdicts.csv").exists()


def test_an_error_is_told_and_the_engine_goes_on(
    talk: Conversation, study: Path, random_model: Path, tmp_path: Path
) -> None:
    talk.say(Predict(str(tmp_path / "nowhere"), str(random_model), "cpu"))
    failed = talk.until(Failed)[-1]
    assert isinstance(failed, Failed)
    assert "nowhere" in failed.text
    talk.say(Predict(str(study), str(random_model), "cpu"))
    assert isinstance(talk.until(Finished, Failed)[-1], Finished)


def test_cancel_keeps_what_was_read(talk: Conversation, study: Path, random_model: Path) -> None:
    talk.say(Predict(str(study), str(random_model), "cpu"))
    talk.say(Prefer("P009"))
    talk.say(Cancel())
    finished = talk.until(Finished, Failed)[-1]
    assert isinstance(finished, Finished)
    assert finished.stopped
    assert (study / "predictions" / "verdicts.csv").exists()


def test_a_new_request_takes_the_place_of_the_current_one(
    talk: Conversation, study: Path, random_model: Path, tmp_path: Path
) -> None:
    from small_study import make_study

    other = make_study(tmp_path / "other", 4, 2, seed=3)
    talk.say(Predict(str(study), str(random_model), "cpu"))
    talk.say(Predict(str(other), str(random_model), "cpu"))
    first = talk.until(Finished, Failed)[-1]
    assert isinstance(first, Finished)
    assert first.stopped
    second = talk.until(Finished, Failed)[-1]
    assert isinstance(second, Finished)
    assert not second.stopped
    assert (other / "predictions" / "verdicts.csv").exists()


def test_the_end_of_the_input_ends_the_engine_in_the_middle_of_work(study: Path, random_model: Path) -> None:
    talk = Conversation()
    talk.say(Predict(str(study), str(random_model), "cpu"))
    talk.hang_up()


def test_the_patient_on_screen_comes_image_by_image(talk: Conversation, study: Path, random_model: Path) -> None:
    talk.say(Predict(str(study), str(random_model), "cpu"))
    talk.say(Prefer("P031"))
    heard = talk.until(Finished, Failed)
    at = next(at for at, m in enumerate(heard) if isinstance(m, InstancePredicted))
    assert heard[at].patient == "P031"
    assert isinstance(heard[at + 1], BagPredicted) and heard[at + 1].patient == "P031"


def test_a_clinical_model_reads_without_images(talk: Conversation, study: Path, tmp_path: Path) -> None:
    fusion = LogisticModel(0.0, (CategoryTerm("t_stage", {"T1": -1.0, "T2": 1.0}),))
    folder = tmp_path / "clinical"
    folder.mkdir()
    rule = VerdictRule(0.5, fusion=fusion)
    checkpoint.write_manifest(folder, {"name": "c", "kind": "clinical", **rule.to_manifest()})
    with Project.open(study) as project:
        patient = project.patients()[0]
        project.remove_patient(patient.id)
        project.add_patient(replace(patient, clinical={"t_stage": "T2"}))
    talk.say(Predict(str(study), str(folder)))
    heard = talk.until(Finished, Failed)
    assert isinstance(heard[0], Started) and heard[0].run == "c"
    assert [m.patient for m in heard if isinstance(m, BagPredicted)] == [patient.id]
    assert isinstance(heard[-1], Finished)
