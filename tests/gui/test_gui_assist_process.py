from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from aln_desk.gui.assist_process import AssistProcess, Polygons
from aln_desk.io import images

ASSISTANT = """
import pathlib, sys
from aln_desk.domain.messages import *
def say(m): print(to_line(m), flush=True)
opened = image = ""
for line in sys.stdin:
    m = from_line(line)
    match m:
        case AssistOpen(checkpoint="bad"):
            opened = ""
            say(Failed("No such checkpoint.", "AssistOpen"))
        case AssistOpen():
            opened = m.checkpoint
            if opened:
                say(AssistOpened(opened, "ViT-B", "abc", "cpu"))
        case AssistImage(image="bad"):
            say(Failed("No such image.", "AssistImage"))
        case AssistImage():
            image = m.image
            if opened and image:
                say(AssistProgress(image, 0, 2))
                if image != "slow":
                    say(AssistReady(image, 1.5))
        case AssistPrompt(labels=[0]) | ProposeOutlines(model="dies") :
            sys.exit("the assistant has no memory")
        case AssistPrompt() if m.box and pathlib.Path(opened).exists():
            pathlib.Path(opened).unlink()
            sys.exit("once")
        case AssistPrompt() if image != "slow":
            for number in (m.number - 1, m.number):
                say(AssistProposal(m.image, number, [[[1.0, 2.0], [3.0, 4.0], [5.0, 0.0]]], 0.9))
        case ProposeOutlines(model="fails"):
            say(Failed("No such model.", "ProposeOutlines"))
        case ProposeOutlines():
            say(OutlinesProposed(m.image, m.number, "tumor", [], 0.0, "digest"))
"""
POLYGONS = (((1.0, 2.0), (3.0, 4.0), (5.0, 0.0)),)


class Heard:
    def __init__(self, assistant: AssistProcess) -> None:
        self.states: list[str] = []
        self.opened: list[tuple[str, str]] = []
        self.progress: list[tuple[str, int, int]] = []
        self.proposed: list[tuple[str, int, Polygons, float]] = []
        self.outlined: list[tuple[str, int, str, Polygons, float]] = []
        self.failures: list[str] = []
        assistant.stateChanged.connect(self.states.append)
        assistant.opened.connect(lambda *told: self.opened.append(told))
        assistant.progressed.connect(lambda *told: self.progress.append(told))
        assistant.proposed.connect(lambda *told: self.proposed.append(told))
        assistant.outlined.connect(lambda *told: self.outlined.append(told))
        assistant.failed.connect(self.failures.append)


@pytest.fixture
def assistant(qtbot: QtBot) -> Iterator[AssistProcess]:
    process = AssistProcess(command=[sys.executable, "-c", ASSISTANT])
    yield process
    process.shutdown()


@pytest.fixture
def heard(assistant: AssistProcess) -> Heard:
    return Heard(assistant)


def wait(qtbot: QtBot, assistant: AssistProcess, state: str) -> None:
    qtbot.waitUntil(lambda: assistant.state == state, timeout=20_000)


def test_clicks_are_answered_once_the_image_is_encoded(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.use("sam.safetensors", "cache")
    assert assistant.state == "loading"
    assistant.show_image("a.png", "b.png")
    number = assistant.prompt([(1, 2.5)], [1])
    qtbot.waitUntil(lambda: bool(heard.proposed), timeout=20_000)
    assert heard.proposed == [("a.png", number, POLYGONS, 0.9)]
    assert heard.states == ["loading", "encoding", "ready"]
    assert heard.opened == [("ViT-B", "abc")]
    assert heard.progress[-1] == ("a.png", 0, 2)
    assert not heard.failures


def test_only_the_newest_question_is_answered(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.use("sam")
    assistant.show_image("a.png")
    numbers = [assistant.prompt([(1.0, 2.0)] * count, [1] * count) for count in (1, 2, 3)]
    assert len(set(numbers)) == 3
    qtbot.waitUntil(lambda: bool(heard.proposed), timeout=20_000)
    assistant.propose("model")  # answered after all that came before
    qtbot.waitUntil(lambda: bool(heard.outlined), timeout=20_000)
    assert [told[1] for told in heard.proposed] == numbers[-1:]


def test_a_forgotten_question_and_one_about_an_image_left_stay_silent(
    assistant: AssistProcess, heard: Heard, qtbot: QtBot
) -> None:
    assistant.use("sam")
    assistant.show_image("a.png")
    assistant.prompt([(1.0, 2.0)], [1])
    assistant.forget()
    assistant.show_image("b.png")
    assistant.prompt([(1.0, 2.0)], [1])
    assistant.show_image("c.png")
    assistant.propose("model")
    qtbot.waitUntil(lambda: bool(heard.outlined), timeout=20_000)
    assert heard.outlined[0][0] == "c.png"
    assert not heard.proposed


def test_outlines_of_a_model_need_no_checkpoint(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.show_image("a.png")
    number = assistant.propose(Path("model"), (1.0, 2.0, 3.0, 4.0))
    qtbot.waitUntil(lambda: bool(heard.outlined), timeout=20_000)
    assert heard.outlined == [("a.png", number, "tumor", (), 0.0)]
    assert heard.states == []


def test_a_checkpoint_that_fails_is_off_and_another_may_be_chosen(
    assistant: AssistProcess, heard: Heard, qtbot: QtBot
) -> None:
    assistant.show_image("a.png")
    assistant.use("bad")
    wait(qtbot, assistant, "off")
    assert heard.failures == ["No such checkpoint."]
    assistant.use("good")
    wait(qtbot, assistant, "ready")
    assistant.use("good")  # is in use
    assert assistant.state == "ready"
    assistant.use("")
    assert assistant.state == "off"


def test_a_failed_proposal_leaves_the_checkpoint_in_use(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.use("sam")
    assistant.show_image("slow")
    wait(qtbot, assistant, "encoding")
    assistant.propose("fails")
    qtbot.waitUntil(lambda: bool(heard.failures), timeout=20_000)
    assert heard.failures == ["No such model."]
    assert assistant.state == "encoding"


def test_an_image_that_fails_is_not_waited_for(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.use("sam")
    assistant.show_image("a.png")
    wait(qtbot, assistant, "ready")
    assistant.show_image("bad")
    wait(qtbot, assistant, "idle")
    assert heard.failures == ["No such image."]
    assistant.show_image("")
    assert assistant.state == "idle"


def test_an_assistant_that_dies_is_restarted_and_told_all_again(
    assistant: AssistProcess, heard: Heard, qtbot: QtBot, tmp_path: Path
) -> None:
    flag = tmp_path / "dies once"
    flag.touch()
    assistant.use(flag)
    assistant.show_image("a.png")
    wait(qtbot, assistant, "ready")
    number = assistant.prompt([], [], (1.0, 2.0, 3.0, 4.0))
    qtbot.waitUntil(lambda: bool(heard.proposed), timeout=20_000)
    assert not flag.exists()
    assert heard.proposed == [("a.png", number, POLYGONS, 0.9)]
    assert heard.states == ["loading", "encoding", "ready"] * 2
    assert not heard.failures


def test_one_that_dies_again_ends_in_a_sentence_and_can_be_asked_again(
    assistant: AssistProcess, heard: Heard, qtbot: QtBot
) -> None:
    assistant.use("sam")
    assistant.show_image("a.png")
    assistant.prompt([(1.0, 1.0)], [0])
    qtbot.waitUntil(lambda: bool(heard.failures), timeout=30_000)
    assert heard.failures == ["the assistant has no memory"]
    assert assistant.state == "off"
    assistant.prompt([(1.0, 1.0)], [1])
    qtbot.waitUntil(lambda: bool(heard.proposed), timeout=20_000)
    assert assistant.state == "ready"


def test_shutdown_ends_a_busy_assistant_without_complaint(assistant: AssistProcess, heard: Heard, qtbot: QtBot) -> None:
    assistant.use("sam")
    assistant.show_image("slow")
    wait(qtbot, assistant, "encoding")
    assistant.shutdown()
    assert assistant.state == "off"
    assert not heard.failures


@pytest.mark.slow
def test_a_real_assistant_draws_what_is_clicked(qtbot: QtBot, tmp_path: Path) -> None:
    from tiny_sam import tiny_file

    picture = tmp_path / "a.png"
    images.write_png(picture, np.random.default_rng(0).integers(0, 256, (60, 80, 3), np.uint8))
    assistant = AssistProcess()
    heard = Heard(assistant)
    try:
        assistant.use(tiny_file(tmp_path), tmp_path / "cache", "cpu")
        assistant.show_image(picture)
        number = assistant.prompt([(40.0, 30.0)], [1])
        qtbot.waitUntil(lambda: bool(heard.proposed or heard.failures), timeout=120_000)
        assert not heard.failures
        assert heard.proposed[0][:2] == (str(picture), number)
        assert assistant.state == "ready"
        assert len(list((tmp_path / "cache").iterdir())) == 1
    finally:
        assistant.shutdown()
