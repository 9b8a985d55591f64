"""The queue, its memory, and a training that outlives the window: with stand-ins for ``aln-desk train``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytestqt.qtbot import QtBot
from training_child import COMMAND

from aln_desk import settings
from aln_desk.domain.messages import Curve, Failed, Finished, Message, Note, Progress, to_line
from aln_desk.gui import tasks
from aln_desk.gui.memory import Memory
from aln_desk.gui.run_follower import RunFollower
from aln_desk.gui.trainer import Trainer
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.training_queue import Order, TrainingQueue
from aln_desk.gui.training_wish import Wish
from aln_desk.io.runs import Run, read_runs
from aln_desk.settings import Settings

Made = Callable[[], Trainer]


@pytest.fixture
def memory(qtbot: QtBot) -> Memory:
    return Memory(Settings())


@pytest.fixture
def project(tmp_path: Path) -> Path:
    folder = tmp_path / "p"
    folder.mkdir()
    return folder


@pytest.fixture
def made(qtbot: QtBot, memory: Memory) -> Iterator[Made]:
    """Trainers as two windows one after the other would have them; all are ended."""
    trainers: list[Trainer] = []

    def make() -> Trainer:
        trainer = Trainer(
            TrainingQueue(memory), TrainingProcess(command=COMMAND), RunFollower(look_ms=50, follow_ms=50)
        )
        trainers.append(trainer)
        return trainer

    yield make
    for trainer in trainers:
        trainer.shutdown()
    tasks.wait_all()


@pytest.fixture
def trainer(made: Made) -> Trainer:
    return made()


def mode(project: Path, word: str) -> None:
    (project / "mode").write_text(word)


def asked(project: Path) -> list[str]:
    """The command lines so far."""
    return (project / "asked").read_text().splitlines() if (project / "asked").exists() else []


def idle(qtbot: QtBot, trainer: Trainer) -> None:
    qtbot.waitUntil(lambda: not trainer.running and not trainer.queue.orders, timeout=30_000)


def test_what_is_asked_for_meanwhile_waits_and_starts_by_itself(trainer: Trainer, qtbot: QtBot, project: Path) -> None:
    ends: list[bool] = []
    trainer.ended.connect(lambda run, ok, sentence: ends.append(ok))
    for name in ("one", "two", "three"):
        trainer.request(project, Wish("tiny", name=name))
    assert [order.wish.name for order in trainer.queue.orders] == ["two", "three"]
    idle(qtbot, trainer)
    assert [line.split("--name ")[1] for line in asked(project)] == ["one", "two", "three"]
    assert ends == [True, True, True]


def test_a_failure_is_told_and_does_not_stop_the_queue(trainer: Trainer, qtbot: QtBot, project: Path) -> None:
    mode(project, "fail")
    trainer.request(project, Wish("tiny", name="one"))
    trainer.request(project, Wish("tiny", name="two"))
    trainer.request(project, Wish("tiny", name="three"))
    with qtbot.waitSignal(trainer.ended, timeout=30_000) as end:
        pass
    assert end.args is not None
    assert end.args[1:] == [False, "The images cannot be read."]
    assert trainer.queue.trouble == "one: The images cannot be read."
    mode(project, "finish")
    idle(qtbot, trainer)
    assert len(asked(project)) == 3
    assert trainer.queue.trouble == "one: The images cannot be read."


def test_a_command_that_does_not_exist_does_not_stop_the_queue(qtbot: QtBot, project: Path) -> None:
    trainer = Trainer(TrainingQueue(), TrainingProcess(command=["/no/such/program"]))
    ends: list[str] = []
    trainer.ended.connect(lambda run, ok, sentence: ends.append(sentence))
    trainer.request(project, Wish("tiny"))
    trainer.request(project, Wish("tiny"))
    qtbot.waitUntil(lambda: len(ends) == 2, timeout=10_000)
    assert all("could not be started" in sentence for sentence in ends)
    assert not trainer.running


def test_after_stop_the_queue_rests_until_it_may_go_on(trainer: Trainer, qtbot: QtBot, project: Path) -> None:
    mode(project, "wait")
    trainer.request(project, Wish("tiny", name="one"))
    trainer.request(project, Wish("tiny", name="two"))
    qtbot.waitUntil(lambda: trainer.live is not None, timeout=30_000)
    trainer.stop()
    assert trainer.stopping
    qtbot.waitUntil(lambda: not trainer.running, timeout=30_000)
    qtbot.wait(50)
    assert not trainer.running
    assert trainer.queue.rests
    mode(project, "finish")
    trainer.go_on()
    idle(qtbot, trainer)
    assert len(asked(project)) == 2


def test_nothing_begins_while_the_window_closes(trainer: Trainer, qtbot: QtBot, project: Path, memory: Memory) -> None:
    mode(project, "wait")
    trainer.request(project, Wish("tiny", name="one"))
    trainer.request(project, Wish("tiny", name="two"))
    qtbot.waitUntil(lambda: trainer.live is not None, timeout=30_000)
    trainer.shutdown()
    qtbot.wait(100)
    assert not trainer.running
    assert len(asked(project)) == 1
    assert [record["name"] for record in memory.queue(project)] == ["two"]


def test_trainings_are_moved_and_removed(memory: Memory, project: Path) -> None:
    queue = TrainingQueue(memory)
    for name in "abc":
        queue.add(Order(project, Wish(name=name)))

    def names() -> str:
        return "".join(order.wish.name for order in queue.orders)

    queue.move(2, -1)
    assert names() == "acb"
    queue.move(0, -1)
    queue.move(2, 1)
    queue.move(7, -1)
    assert names() == "acb"
    queue.move(0, 1)
    assert names() == "cab"
    queue.remove(5)
    queue.remove(0)
    assert names() == "ab"
    queue.rest(True)
    assert queue.take() is None
    queue.rest(False)
    assert queue.take() == Order(project, Wish(name="a"))


def test_what_waits_is_kept_with_its_project_and_rests_when_it_comes_back(memory: Memory, tmp_path: Path) -> None:
    queue = TrainingQueue(memory)
    queue.add(Order(tmp_path / "p", Wish("tiny", ("a",), name="mine", settings={"seed": "3"})))
    queue.add(Order(tmp_path / "q", Wish("tiny")))
    memory.keep_project(tmp_path / "p", {"mode": "train"})
    later = TrainingQueue(Memory(settings.load()))
    later.open(tmp_path / "p")
    later.open(tmp_path / "p")
    assert later.orders == (queue.orders[0],)
    assert later.rests
    later.remove(0)
    assert not later.rests
    assert settings.load().project_state(tmp_path / "p")["queue"] == []
    assert len(settings.load().project_state(tmp_path / "q")["queue"]) == 1


def test_a_damaged_queue_loses_its_damaged_entries_alone(memory: Memory, project: Path) -> None:
    memory.keep_project(project, {"queue": [{"preset": 3}, "x", Wish("tiny").to_dict()]})
    queue = TrainingQueue(memory)
    queue.open(project)
    assert queue.orders == (Order(project, Wish("tiny")),)
    memory.keep_project(project, {"queue": "no"})
    other = TrainingQueue(memory)
    other.open(project)
    assert not other.orders


def test_a_training_left_to_the_background_goes_on_and_is_found_and_stopped(
    made: Made, qtbot: QtBot, project: Path
) -> None:
    mode(project, "wait")
    first = made()
    first.open(project, project / "runs")
    first.request(project, Wish("tiny", device="cpu"))
    with qtbot.waitSignal(first.left, timeout=30_000) as left:
        first.leave()
    assert left.args == [True, ""]
    assert not first.running
    (run,) = read_runs(project / "runs")
    qtbot.waitUntil(lambda: len(asked(project)) == 2, timeout=30_000)
    assert asked(project)[1] == f"train all {project} --resume {run.name} --device cpu --wait --events"

    second = made()
    heard: list[Message] = []
    ends: list[tuple[Run, bool, str]] = []
    second.message.connect(heard.append)
    second.ended.connect(lambda *end: ends.append(end))
    second.open(project, project / "runs")
    qtbot.waitUntil(lambda: Progress("mtl", 20, 60, 240.0) in heard, timeout=30_000)
    assert second.running
    assert not second.owned
    assert second.live is not None
    assert second.live.name == run.name
    second.request(project, Wish("tiny", name="next"))
    assert len(second.queue.orders) == 1
    second.stop()
    qtbot.waitUntil(lambda: bool(ends), timeout=30_000)
    assert [(end[0].name, *end[1:]) for end in ends] == [(run.name, True, "")]
    assert heard[-1] == Finished(stopped=True)
    assert second.queue.rests


def test_a_training_that_ended_meanwhile_is_not_started_again(trainer: Trainer, qtbot: QtBot, project: Path) -> None:
    trainer.request(project, Wish("tiny"))
    with qtbot.waitSignal(trainer.left, timeout=30_000) as left:
        trainer.leave()
    assert left.args == [True, ""]
    assert len(asked(project)) == 1


def test_one_that_fails_while_it_is_left_keeps_the_window(trainer: Trainer, qtbot: QtBot, project: Path) -> None:
    mode(project, "fail")
    trainer.request(project, Wish("tiny"))
    with qtbot.waitSignal(trainer.left, timeout=30_000) as left:
        trainer.leave()
    assert left.args == [False, "The images cannot be read."]


def test_another_project_is_looked_at_while_an_own_training_goes_on(
    trainer: Trainer, qtbot: QtBot, project: Path, tmp_path: Path
) -> None:
    mode(project, "wait")
    trainer.open(project, project / "runs")
    trainer.request(project, Wish("tiny"))
    qtbot.waitUntil(lambda: trainer.live is not None, timeout=30_000)
    trainer.open(tmp_path / "q", tmp_path / "q" / "runs")
    assert trainer.running
    assert trainer.live is not None
    trainer.stop()
    idle(qtbot, trainer)


def write_run(folder: Path, state: str, *events: Message) -> Run:
    folder.mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"run": folder.name, "preset": "tiny", "state": state}))
    (folder / "events.jsonl").write_text("".join(to_line(event) + "\n" for event in events))
    return Run(folder.name, folder)


@pytest.fixture
def held_runs(monkeypatch: pytest.MonkeyPatch) -> set[Path]:
    held: set[Path] = set()
    monkeypatch.setattr("aln_desk.gui.run_follower.held", lambda folder: folder in held)
    return held


@pytest.fixture
def follower(qtbot: QtBot) -> Iterator[RunFollower]:
    made = RunFollower(look_ms=20, follow_ms=20)
    yield made
    made.watch(None)
    tasks.wait_all()


def test_only_a_run_that_is_held_is_followed_and_only_what_is_new_is_told(
    follower: RunFollower, qtbot: QtBot, project: Path, held_runs: set[Path]
) -> None:
    write_run(project / "a", "running", Note("cut off"))
    run = write_run(project / "b", "running", Note("before"))
    held_runs.add(run.folder)
    heard: list[Message] = []
    follower.message.connect(heard.append)
    with qtbot.waitSignal(follower.found) as found:
        follower.watch(project)
    assert found.args is not None
    assert found.args[0].folder == run.folder
    with (run.folder / "events.jsonl").open("a") as events:
        events.write(to_line(Curve("mtl", "train", 1, {"loss": 1.0})) + "\n")
    (run.folder / "progress.json").write_text(to_line(Progress("mtl", 1, 2)))
    qtbot.waitUntil(lambda: len(heard) == 2)
    assert heard == [Curve("mtl", "train", 1, {"loss": 1.0}), Progress("mtl", 1, 2)]


@pytest.mark.parametrize(
    ("state", "ok", "words"),
    [("finished", True, ""), ("stopped", True, ""), ("running", False, "cut off"), ("failed", False, "No images.")],
)
def test_a_followed_run_ends_as_its_record_says(
    follower: RunFollower, qtbot: QtBot, project: Path, held_runs: set[Path], state: str, ok: bool, words: str
) -> None:
    run = write_run(project / "a", "running", Note("before"))
    held_runs.add(run.folder)
    with qtbot.waitSignal(follower.found):
        follower.watch(project)
    with qtbot.waitSignal(follower.finished) as end:
        (run.folder / "run.json").write_text(json.dumps({"state": state}))
        (run.folder / "events.jsonl").write_text(to_line(Failed("No images.")) + "\n" if state == "failed" else "")
        held_runs.clear()
    assert end.args is not None
    assert end.args[0] is ok
    assert words in end.args[1]
    assert bool(words) is bool(end.args[1])
    assert not follower.following


def test_a_run_passed_from_process_to_process_is_still_the_same_run(
    follower: RunFollower, project: Path, held_runs: set[Path], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    run = write_run(project / "a", "running")
    answers = iter([True, True, False, True, False, True] + [True] * 1000)
    monkeypatch.setattr("aln_desk.gui.run_follower.held", lambda folder: next(answers))
    ends: list[bool] = []
    follower.finished.connect(lambda ok, sentence: ends.append(ok))
    with qtbot.waitSignal(follower.found):
        follower.watch(run.folder.parent)
    qtbot.wait(300)
    assert not ends
    assert follower.following


def test_a_run_that_cannot_be_asked_to_stop_says_so(
    follower: RunFollower, project: Path, held_runs: set[Path], qtbot: QtBot
) -> None:
    run = write_run(project / "a", "running")
    held_runs.add(run.folder)
    with qtbot.waitSignal(follower.found):
        follower.watch(project)
    (run.folder / "stop").mkdir()
    run.folder.rename(project / "b")
    with qtbot.waitSignal(follower.message) as told:
        follower.stop()
    assert told.args is not None
    assert "could not be asked to stop" in told.args[0].text
