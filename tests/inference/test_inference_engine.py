"""The engine's conversation: one line a message, newest wins, ends with its input."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from aln_desk.domain.messages import (
    BagPredicted,
    Cancel,
    Failed,
    Finished,
    Message,
    Predict,
    Prefer,
    to_line,
)
from aln_desk.inference.engine import Engine


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
