from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot

from aln_desk.domain.messages import BagPredicted, Failed, Finished, Message, Note
from aln_desk.gui.engine_process import EngineProcess
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.training_wish import Wish

ENGINE = """
import os, pathlib, sys
from aln_desk.domain.messages import *
def say(m): print(to_line(m), flush=True)
for line in sys.stdin:
    m = from_line(line)
    if isinstance(m, Predict):
        flag = pathlib.Path(m.project)
        if m.model == "dies" or (m.model == "dies once" and not flag.exists()):
            flag.touch()
            sys.exit("the engine has no memory")
        if m.model == "fails":
            say(Failed("No model there."))
        elif m.model == "waits":
            say(Note("waiting"))
        else:
            say(BagPredicted("P-1", 0.5, 0.4, m.model, {}))
            say(Finished())
    elif isinstance(m, Prefer):
        say(Note(m.patient))
    elif isinstance(m, Cancel):
        say(Finished(stopped=True))
"""


class Heard:
    def __init__(self, engine: EngineProcess) -> None:
        self.messages: list[Message] = []
        self.busy: list[bool] = []
        self.failures: list[str] = []
        engine.message.connect(self.messages.append)
        engine.busyChanged.connect(self.busy.append)
        engine.failed.connect(self.failures.append)


@pytest.fixture
def engine(qtbot: QtBot) -> Iterator[EngineProcess]:
    process = EngineProcess(command=[sys.executable, "-c", ENGINE])
    yield process
    process.shutdown()


def test_a_request_is_answered_and_the_engine_serves_the_next(engine: EngineProcess, qtbot: QtBot) -> None:
    heard = Heard(engine)
    for number in (1, 2):
        engine.predict(Path("p"), "m")
        assert engine.busy
        qtbot.waitUntil(lambda number=number: heard.busy == [True, False] * number, timeout=20_000)
    assert heard.messages == [BagPredicted("P-1", 0.5, 0.4, "m", {}), Finished()] * 2
    assert not heard.failures


def test_a_failure_is_told_and_the_engine_is_free_again(engine: EngineProcess, qtbot: QtBot) -> None:
    heard = Heard(engine)
    engine.predict("p", "fails")
    qtbot.waitUntil(lambda: heard.busy == [True, False], timeout=20_000)
    assert heard.failures == ["No model there."]
    assert heard.messages == [Failed("No model there.")]


def test_preference_and_cancel_reach_the_engine(engine: EngineProcess, qtbot: QtBot) -> None:
    heard = Heard(engine)
    engine.prefer("ignored while idle")
    engine.predict("p", "waits")
    engine.prefer("P-7")
    qtbot.waitUntil(lambda: heard.messages == [Note("waiting"), Note("P-7")], timeout=20_000)
    engine.cancel()
    qtbot.waitUntil(lambda: heard.busy == [True, False], timeout=20_000)


def test_a_newer_request_replaces_the_one_under_way(engine: EngineProcess, qtbot: QtBot) -> None:
    heard = Heard(engine)
    engine.predict("p", "waits")
    engine.predict("p", "second")
    engine.predict("p", "third")
    qtbot.waitUntil(lambda: heard.messages[-1:] == [Finished()], timeout=20_000)
    assert [m.model for m in heard.messages if isinstance(m, BagPredicted)] == ["third"]
    assert not engine.busy


def test_an_engine_that_dies_is_restarted_with_the_request(engine: EngineProcess, qtbot: QtBot, tmp_path: Path) -> None:
    heard = Heard(engine)
    engine.predict(tmp_path / "flag", "dies once")
    qtbot.waitUntil(lambda: heard.busy == [True, False], timeout=20_000)
    assert isinstance(heard.messages[-1], Finished)
    assert not heard.failures


def test_an_engine_that_dies_again_ends_in_a_sentence_and_can_be_asked_again(
    engine: EngineProcess, qtbot: QtBot, tmp_path: Path
) -> None:
    heard = Heard(engine)
    engine.predict(tmp_path / "flag", "dies")
    qtbot.waitUntil(lambda: bool(heard.failures), timeout=20_000)
    assert heard.failures == ["the engine has no memory"]
    assert heard.busy == [True, False]
    engine.predict("p", "m")
    qtbot.waitUntil(lambda: heard.messages[-1:] == [Finished()], timeout=20_000)


def test_shutdown_ends_a_busy_engine_without_complaint(engine: EngineProcess, qtbot: QtBot) -> None:
    heard = Heard(engine)
    engine.predict("p", "waits")
    qtbot.waitUntil(lambda: bool(heard.messages), timeout=20_000)
    engine.shutdown()
    assert heard.busy == [True, False]
    assert not heard.failures


TRAINING = """
import sys
from aln_desk.domain.messages import *
print(to_line(Note(" ".join(sys.argv[1:4]))), flush=True)
sys.stdin.read()
print(to_line(Finished(stopped=True)), flush=True)
"""


def test_a_training_runs_alone_and_stops_when_asked(qtbot: QtBot) -> None:
    training = TrainingProcess(command=[sys.executable, "-c", TRAINING])
    messages: list[Message] = []
    ends: list[tuple[bool, str]] = []
    training.message.connect(messages.append)
    training.finished.connect(lambda ok, sentence: ends.append((ok, sentence)))
    training.start(Path("P"), Wish("quick", ("training",)))
    training.start(Path("other"), Wish("quick", ("training",)))
    qtbot.waitUntil(lambda: messages == [Note("train all P")], timeout=20_000)
    assert training.running
    training.stop()
    qtbot.waitUntil(lambda: bool(ends), timeout=20_000)
    assert ends == [(True, "")]
    assert messages[-1] == Finished(stopped=True)
    assert not training.running


def test_a_training_under_way_ends_with_the_window(qtbot: QtBot) -> None:
    training = TrainingProcess(command=[sys.executable, "-c", TRAINING])
    training.start(Path("P"), Wish("quick", ("training",)))
    training.shutdown()
    assert not training.running
