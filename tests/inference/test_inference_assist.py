"""The assistant: what is wanted last is done, step by step; a real child process at the end."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import draw_lesion, make_model
from tiny_sam import tiny_file

from aln_desk.domain.messages import (
    AssistImage,
    AssistOpen,
    AssistOpened,
    AssistProgress,
    AssistPrompt,
    AssistProposal,
    AssistReady,
    AssistRequest,
    Failed,
    Message,
    OutlinesProposed,
    ProposeOutlines,
    from_line,
    to_line,
)
from aln_desk.domain.patient import View
from aln_desk.inference import assist, proposer, sam_session
from aln_desk.inference.assist import Assistant
from aln_desk.inference.proposer import Proposer
from aln_desk.io import checkpoint, images
from aln_desk.models.reading_images import Found


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return drawn(tmp_path, "a")


def drawn(folder: Path, name: str) -> Path:
    pixels, _ = draw_lesion(np.random.default_rng(ord(name)), View.TUMOUR, 1)
    images.write_png(folder / f"{name}.png", np.stack([pixels] * 3, axis=2))
    return folder / f"{name}.png"


class Talk:
    """An assistant of this process, stepped by hand."""

    def __init__(self) -> None:
        self.heard: list[Message] = []
        self.assistant = Assistant(self.heard.append)

    def say(self, *requests: AssistRequest) -> None:
        for request in requests:
            self.assistant.receive(request)

    def rest(self, patience: float = 0.0) -> list[Message]:
        """Work until nothing is left that is wanted within ``patience`` seconds; what was said meanwhile."""
        before = len(self.heard)
        while (wait := self.assistant.patience) is not None and wait <= patience:
            self.assistant.step()
        return self.heard[before:]


@pytest.fixture
def talk() -> Talk:
    return Talk()


@pytest.fixture
def opened(talk: Talk, tmp_path: Path) -> Talk:
    """With the tiny network loaded."""
    talk.say(AssistOpen(str(tiny_file(tmp_path)), device="cpu"))
    (message,) = talk.rest()
    assert isinstance(message, AssistOpened) and message.name == "ViT of width 32" and message.device == "cpu"
    return talk


def click(image: Path, number: int, *points: list[float], box: list[float] | None = None) -> AssistPrompt:
    return AssistPrompt(str(image), list(points), [1] * len(points), box, number)


def ready(messages: list[Message]) -> list[str]:
    return [message.image for message in messages if isinstance(message, AssistReady)]


# -- clicks ------------------------------------------------------------------------------------------------------------


def test_an_image_is_encoded_in_parts_and_clicks_are_answered(opened: Talk, picture: Path) -> None:
    opened.say(AssistImage(str(picture)))
    heard = opened.rest()
    parts = [(m.done, m.total) for m in heard if isinstance(m, AssistProgress)]
    assert parts == [(0, 3), (1, 3), (2, 3)]
    assert isinstance(heard[-1], AssistReady) and heard[-1].image == str(picture)
    opened.say(click(picture, 7, [30.0, 30.0]))
    (answer,) = opened.rest()
    assert isinstance(answer, AssistProposal)
    assert (answer.image, answer.number) == (str(picture), 7)
    corners = np.array([point for polygon in answer.polygons for point in polygon])
    assert (corners >= 0).all() and (corners <= 64).all()


def test_a_click_waits_for_its_image_and_the_newest_is_answered(opened: Talk, picture: Path) -> None:
    opened.say(AssistImage(str(picture)), click(picture, 1, [9.0, 9.0]))
    opened.assistant.step()
    opened.say(click(picture, 2, [30.0, 30.0]))
    answers = [m for m in opened.rest() if isinstance(m, AssistProposal)]
    assert [answer.number for answer in answers] == [2]


def test_an_image_that_is_left_is_not_encoded_to_its_end(opened: Talk, picture: Path, tmp_path: Path) -> None:
    other = drawn(tmp_path, "b")
    opened.say(AssistImage(str(picture)), click(picture, 1, [9.0, 9.0]))
    opened.assistant.step()
    opened.assistant.step()
    opened.say(AssistImage(str(other)))
    heard = opened.rest()
    assert ready(heard) == [str(other)]
    assert not any(isinstance(m, AssistProposal) for m in heard)


def test_a_click_into_another_image_shows_it_first(opened: Talk, picture: Path) -> None:
    opened.say(click(picture, 3, box=[50.0, 40.0, 10.0, 12.0]))
    heard = opened.rest()
    assert ready(heard) == [str(picture)]
    assert isinstance(heard[-1], AssistProposal) and heard[-1].number == 3


def test_clicks_that_are_taken_back_give_what_they_gave(opened: Talk, picture: Path) -> None:
    one, two = click(picture, 1, [30.0, 30.0]), click(picture, 2, [30.0, 30.0], [5.0, 50.0])
    found = []
    for question in (one, two, one, two, click(picture, 9, [1.0, 1.0]), two):
        opened.say(question)
        answer = opened.rest()[-1]
        assert isinstance(answer, AssistProposal)
        found.append((answer.polygons, answer.score))
    assert found[0] == found[2] and found[1] == found[3]
    assert found[5] != found[1]  # both points at once: there was no mask to start from


def test_an_image_seen_before_is_ready_at_once(opened: Talk, picture: Path, tmp_path: Path) -> None:
    other = drawn(tmp_path, "b")
    for image in (picture, other):
        opened.say(AssistImage(str(image)))
        opened.rest()
    opened.say(AssistImage(str(picture)))
    opened.assistant.step()
    assert ready(opened.heard[-1:]) == [str(picture)]


def test_few_images_stay_in_memory(opened: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam_session, "REMEMBERED", 2)
    for name in "abca":
        opened.say(AssistImage(str(drawn(tmp_path, name))))
        heard = opened.rest()
    assert any(isinstance(m, AssistProgress) for m in heard)


def test_the_upcoming_image_is_encoded_in_silence_and_later(opened: Talk, picture: Path, tmp_path: Path) -> None:
    other = drawn(tmp_path, "b")
    opened.say(AssistImage(str(picture), str(other)))
    assert ready(opened.rest()) == [str(picture)]
    assert opened.assistant.patience == assist.QUIET
    assert opened.rest(assist.QUIET) == []
    assert opened.assistant.patience is None
    opened.say(AssistImage(str(other)))
    assert [type(m) for m in opened.rest()] == [AssistReady]


def test_an_upcoming_image_half_done_is_gone_on_with(opened: Talk, picture: Path, tmp_path: Path) -> None:
    other = drawn(tmp_path, "b")
    opened.say(AssistImage(str(picture), str(other)))
    opened.rest()
    for _ in range(3):
        opened.assistant.step()
    opened.say(AssistImage(str(other)))
    assert [(m.done, m.total) for m in opened.rest() if isinstance(m, AssistProgress)] == []
    assert ready(opened.heard[-1:]) == [str(other)]


def test_the_cache_outlives_the_process_and_is_the_checkpoints_own(picture: Path, tmp_path: Path) -> None:
    for seed, encoded in ((0, True), (0, False), (1, True)):
        talk = Talk()
        talk.say(AssistOpen(str(tiny_file(tmp_path, seed)), str(tmp_path / "cache"), "cpu"), AssistImage(str(picture)))
        assert any(isinstance(m, AssistProgress) for m in talk.rest()) is encoded
    assert len(list((tmp_path / "cache").iterdir())) == 2


# -- what goes wrong ---------------------------------------------------------------------------------------------------


def failure(messages: list[Message]) -> Failed:
    (message,) = messages
    assert isinstance(message, Failed)
    return message


def test_a_checkpoint_that_cannot_be_used_is_told(talk: Talk, tmp_path: Path) -> None:
    (tmp_path / "sam.pth").write_bytes(b"x")
    talk.say(AssistOpen(str(tmp_path / "sam.pth")))
    told = failure(talk.rest())
    assert told.request == "AssistOpen" and "is a pickle" in told.text


def test_without_a_checkpoint_a_click_is_refused(opened: Talk, picture: Path) -> None:
    opened.say(AssistOpen(""))
    assert opened.rest() == []
    opened.say(click(picture, 1, [1.0, 1.0]))
    told = failure(opened.rest())
    assert told.request == "AssistPrompt" and "choose one first" in told.text


def test_an_image_that_cannot_be_read_is_told_once(opened: Talk, tmp_path: Path) -> None:
    opened.say(AssistImage(str(tmp_path / "nowhere.png")), click(tmp_path / "nowhere.png", 1, [1.0, 1.0]))
    told = failure(opened.rest())
    assert told.request == "AssistImage" and "nowhere.png" in told.text
    opened.say(AssistImage("", str(tmp_path / "nowhere.png")))
    assert opened.rest(assist.QUIET) == []


def test_an_empty_prompt_and_one_into_nothing_are_refused(opened: Talk, picture: Path) -> None:
    opened.say(click(picture, 1))
    assert "needs a point or a box" in failure(opened.rest()[-1:]).text
    opened.say(AssistImage(""), AssistPrompt("", [[1.0, 1.0]], [1], None, 2))
    assert "show one first" in failure(opened.rest()).text


def test_a_full_memory_is_told_and_work_goes_on(opened: Talk, picture: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise MemoryError

    with monkeypatch.context() as patch:
        patch.setattr(sam_session, "Encoding", full)
        opened.say(AssistImage(str(picture)))
        assert "too little memory" in failure(opened.rest()).text
    opened.say(AssistImage(str(picture)))
    assert ready(opened.rest()) == [str(picture)]


# -- stage 1 -----------------------------------------------------------------------------------------------------------


def test_stage_one_proposes_without_a_checkpoint(talk: Talk, picture: Path, random_model: Path) -> None:
    talk.say(ProposeOutlines(str(picture), str(random_model), None, 4, "cpu"))
    (answer,) = talk.rest()
    assert isinstance(answer, OutlinesProposed)
    assert (answer.image, answer.number) == (str(picture), 4)
    assert answer.label in ("tumor", "lymph_node")
    assert answer.model == checkpoint.read_manifest(random_model)["digest"]


def test_another_model_is_another_proposer(talk: Talk, picture: Path, random_model: Path) -> None:
    first = make_model(random_model)
    talk.say(ProposeOutlines(str(picture), str(first), None, 1, "cpu"))
    talk.rest()
    make_model(first, seed=1)  # in the same folder
    talk.say(ProposeOutlines(str(picture), str(first), None, 2, "cpu"))
    talk.rest()
    one, two = (m.model for m in talk.heard if isinstance(m, OutlinesProposed))
    assert one != two


def test_a_model_that_draws_nothing_is_refused(talk: Talk, picture: Path, random_model: Path) -> None:
    manifest = checkpoint.read_manifest(random_model)
    checkpoint.write_manifest(random_model, {**manifest, "taught": ["status"]})
    talk.say(ProposeOutlines(str(picture), str(random_model), None, 1, "cpu"))
    told = failure(talk.rest())
    assert told.request == "ProposeOutlines" and "not taught to outline" in told.text


class Bright:
    """A network that calls bright pixels lesion, and remembers what it was shown."""

    batch = callers = 1

    def __init__(self, *_: object) -> None:
        self.shown: list[np.ndarray] = []

    def __call__(self, squares: np.ndarray) -> list[Found]:
        self.shown.append(squares[0])
        logits = np.where(squares[0, ..., 0] > 150, 2.0, -2.0).astype(np.float32)
        return [Found(logits, 1.0, 0.0, logits, logits[0])]


@pytest.fixture
def bright(random_model: Path, monkeypatch: pytest.MonkeyPatch) -> Proposer:
    monkeypatch.setattr(proposer, "TorchNetwork", Bright)
    return Proposer(random_model, "cpu")


@pytest.fixture
def two_blocks(tmp_path: Path) -> Path:
    """240 x 320 pixels with bright rectangles at (40, 60)-(80, 100) and (200, 150)-(280, 190)."""
    pixels = np.zeros((240, 320, 3), np.uint8)
    pixels[60:100, 40:80] = pixels[150:190, 200:280] = 255
    images.write_png(tmp_path / "blocks.png", pixels)
    return tmp_path / "blocks.png"


def extent(polygon: list[list[float]]) -> list[float]:
    corners = np.array(polygon)
    return [*corners.min(axis=0), *corners.max(axis=0)]


def test_the_whole_image_gives_all_outlines_where_they_lie(bright: Proposer, two_blocks: Path) -> None:
    found = bright.propose(two_blocks, None)
    assert found.label == "lymph_node"
    assert found.score == pytest.approx(1 / (1 + np.exp(-2)), abs=0.05)
    assert np.allclose(extent(found.polygons[0]), [200, 150, 280, 190], atol=5)
    assert np.allclose(extent(found.polygons[1]), [40, 60, 80, 100], atol=5)


def test_in_a_box_the_outline_is_found_finer_and_alone(bright: Proposer, two_blocks: Path) -> None:
    found = bright.propose(two_blocks, [90.5, 105.0, 30.5, 55.0])
    (polygon,) = found.polygons
    assert np.allclose(extent(polygon), [40, 60, 80, 100], atol=2)
    wide = bright.propose(two_blocks, [-50.0, -50.0, 150.0, 110.0])
    assert len(wide.polygons) == 1 and np.allclose(extent(wide.polygons[0]), [40, 60, 80, 100], atol=4)


def test_a_lesion_mostly_beside_the_box_is_left_out_and_one_mostly_in_it_is_whole(
    bright: Proposer, two_blocks: Path
) -> None:
    assert bright.propose(two_blocks, [70.0, 50.0, 150.0, 120.0]).polygons == []
    assert bright.propose(two_blocks, [70.0, 50.0, 150.0, 120.0]).score == 0.0
    (polygon,) = bright.propose(two_blocks, [50.0, 50.0, 150.0, 120.0]).polygons
    assert np.allclose(extent(polygon), [40, 60, 80, 100], atol=3)


@pytest.mark.parametrize("box", [[400.0, 0.0, 500.0, 50.0], [10.0, 10.0, 10.0, 50.0], [-9.0, 0.0, -1.0, 9.0]])
def test_a_box_without_pixels_is_refused(bright: Proposer, two_blocks: Path, box: list[float]) -> None:
    with pytest.raises(proposer.BadSetting, match="holds nothing"):
        bright.propose(two_blocks, box)


# -- a real child ------------------------------------------------------------------------------------------------------


@pytest.mark.slow
def test_the_engine_of_the_command_line_helps(picture: Path, random_model: Path, tmp_path: Path) -> None:
    said = [
        AssistOpen(str(tiny_file(tmp_path)), device="cpu"),
        click(picture, 1, [30.0, 30.0]),
        ProposeOutlines(str(picture), str(random_model), [5.0, 5.0, 60.0, 60.0], 2, "cpu"),
    ]
    child = subprocess.Popen(
        [sys.executable, "-m", "aln_desk", "engine"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdin is not None and child.stdout is not None
    for request in said:
        child.stdin.write(to_line(request) + "\n")
    child.stdin.flush()
    heard: list[Message | None] = []
    while not any(isinstance(m, AssistProposal) for m in heard):
        line = child.stdout.readline()
        assert line, "the engine ended"
        heard.append(from_line(line))
    child.stdin.close()
    assert child.wait(timeout=60) == 0
    child.stdout.close()
    kinds = [type(m) for m in heard if not isinstance(m, AssistProgress)]
    assert kinds == [AssistOpened, OutlinesProposed, AssistReady, AssistProposal]


def test_one_core_is_left_to_the_window(talk: Talk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    used: list[int] = []
    monkeypatch.setattr(torch, "get_num_threads", lambda: 4)
    monkeypatch.setattr(assist.os, "cpu_count", lambda: 4)
    monkeypatch.setattr(torch, "set_num_threads", used.append)
    talk.say(AssistOpen(str(tiny_file(tmp_path)), device="cpu"))
    talk.rest()
    assert used == [3]
