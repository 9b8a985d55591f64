"""The window's process is killed at any moment: no file is ever damaged, nothing but the edit under way is lost."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import dying_editor
import pytest
from dying_editor import IMAGES, SAID, Act, after, instances
from PySide6.QtCore import QCoreApplication

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History
from aln_desk.domain.shape import Shape
from aln_desk.gui import tasks
from aln_desk.gui.drafts import Drafts
from aln_desk.io import labelme_json
from aln_desk.io.annotations import current_annotation
from aln_desk.io.journal import same_content

LIVES, KILLS = 4, 50
"""200 kills, in four parts that may be done side by side."""
A_PROJECT = 10
"""Kills that one project lives through, each on what the one before has left."""

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform == "win32", reason="there is neither fork nor SIGKILL"),
]


@pytest.fixture
def editor() -> Iterator[subprocess.Popen[str]]:
    command = [sys.executable, dying_editor.__file__]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        yield process
        assert process.stdin is not None
        process.stdin.close()


def made_project(folder: Path) -> Path:
    """Images are not needed; one of the annotations has 300 shapes."""
    (folder / "study" / "annotations").mkdir(parents=True)
    (folder / "images").mkdir()
    many = tuple(Shape("tumor", tuple((x + n % 20, x * n % 48 + 0.5) for x in range(6))) for n in range(300))
    file = Path(instances(folder)["P1/many.png"].annotation)
    labelme_json.write(file, Annotation("../../images/many.png", 48, 64, many))
    return folder


def killed(editor: subprocess.Popen[str], folder: Path, seed: int, seconds: float) -> tuple[list[Act], Act | None]:
    """(what a child had done, what it was doing) when it was killed that long after it was ready."""
    assert editor.stdin is not None and editor.stdout is not None
    (folder / SAID).unlink(missing_ok=True)
    editor.stdin.write(f"{folder} {seed}\n")
    editor.stdin.flush()
    child = int(editor.stdout.readline())
    end = time.monotonic() + 60
    while not ((folder / SAID).exists() and (folder / SAID).read_bytes().startswith(b'["ready"]')):
        assert time.monotonic() < end, "the editor never became ready"
        time.sleep(0.002)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    assert editor.stdout.readline() == "dead\n"
    said = [json.loads(line) for line in (folder / SAID).read_text().split("\n")[1:] if line]
    acts = [(words[0], words[1], words[2]) for words in said if words != ["done"]]
    under_way = None if not said or said[-1] == ["done"] else acts.pop()
    return acts, under_way


def seen(history: History) -> tuple[int, list[tuple[str, Annotation]]]:
    return history.at, [(step.what, step.annotation) for step in history.steps]


def check_files(folder: Path, known: dict[str, History]) -> None:
    """Each LabelMe file can be read and holds a state that was drawn."""
    for name, instance in instances(folder).items():
        if Path(instance.annotation).exists():
            read = labelme_json.read(instance.annotation)
            assert any(same_content(read, step.annotation) for step in known[name].steps), name


def reopened(folder: Path) -> dict[str, History]:
    """The histories as the next start finds them; its files then hold the newest state."""
    drafts, images = Drafts(), instances(folder)
    drafts.open(folder / "study", images.get)
    assert not drafts.read_only
    found = {name: drafts.history(instance) for name, instance in images.items()}
    assert {one.kind for one in drafts.troubles.all} <= {"recovered"}
    assert drafts.autosave.settle()
    for name, instance in images.items():
        assert same_content(current_annotation(instance), found[name].annotation), name
    assert list((folder / "study" / "journal").glob("*.unsaved")) == []
    drafts.forget()
    return found


@pytest.mark.timeout(600)
@pytest.mark.parametrize("life", range(LIVES))
def test_nothing_but_the_edit_under_way_is_lost(
    qapp: QCoreApplication, tmp_path: Path, editor: subprocess.Popen[str], life: int
) -> None:
    chance = random.Random(life)
    met: Counter[str] = Counter()
    folder, known = tmp_path, dict[str, History]()
    for number in range(KILLS):
        if number % A_PROJECT == 0:
            folder = made_project(tmp_path / f"project {number}")
            known = {name: History.of(current_annotation(one)) for name, one in instances(folder).items()}
        acts, under_way = killed(editor, folder, life * KILLS + number, chance.uniform(0.05, 0.2))
        every = {name: list(history.steps) for name, history in known.items()}
        for name, what, seed in acts:
            known[name] = after(known[name], what, seed)
            every[name].append(known[name].present)
        finished = dict(known)
        if under_way is not None:
            name, what, seed = under_way
            finished[name] = after(known[name], what, seed)
            every[name].append(finished[name].present)
        check_files(folder, {name: History(steps) for name, steps in every.items()})
        found = reopened(folder)
        for name in IMAGES:
            lost = seen(found[name]) != seen(finished[name])
            met["the edit under way was lost"] += lost
            assert not lost or seen(found[name]) == seen(known[name]), f"kill {number}, {name}"
        met.update(acts=len(acts), steps=sum(map(len, found.values())), under_way=under_way is not None)
        known = found
    tasks.wait_all()
    assert met["acts"] > 5 * KILLS, met
