"""An editor that is killed: ``python dying_editor.py`` reads ``FOLDER SEED`` a line, forks a child that edits there,
prints its process id, and ``dead`` when somebody has killed it.

The child says in ``FOLDER/said`` what it is about to do and, after the call has returned, that it is done. Forking
spares each child the imports.
"""

from __future__ import annotations

import json
import os
import random
import sys
from pathlib import Path
from typing import Any

from PySide6.QtCore import QCoreApplication, QTimer

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.shape import Shape
from aln_desk.gui import autosave
from aln_desk.gui.drafts import Drafts

SAID = "said"
IMAGES = ("P1/many.png", "P1/a.png", "P2/b.png", "P2/c.png")
Act = tuple[str, str, int]
"""(image, what to do, seed)"""


def instances(folder: Path) -> dict[str, Instance]:
    """Half of the annotations lie beside the images, half in the project."""
    project = folder / "study"
    found = {}
    for number, name in enumerate(IMAGES):
        image = folder / "images" / Path(name).name
        file = image.with_suffix(".json") if number % 2 else project / "annotations" / f"{image.stem}.json"
        found[name] = Instance(name, name[:2], View.TUMOUR, str(image), str(file))
    return found


def after(history: History, what: str, seed: int) -> History:
    """What an act makes of a history; the same seed does the same in every process."""
    chance = random.Random(seed)
    if what == "edit":
        return history.push(_edited(history.annotation, chance), f"edit {seed}")
    if what == "jump":
        return history.jump(chance.randrange(len(history)))
    return {"undo": history.undo, "redo": history.redo}.get(what, lambda: history)()


def _edited(annotation: Annotation, chance: random.Random) -> Annotation:
    outline = tuple((chance.random() * 64, chance.random() * 48) for _ in range(chance.randrange(3, 40)))
    count = len(annotation.shapes)
    kind = chance.randrange(6)
    if kind == 0 or not count:
        return edit.add_shape(annotation, Shape("tumor", outline))
    if kind == 1:
        return edit.delete_shapes(annotation, [chance.randrange(count)])
    if kind == 2:
        return edit.relabel(annotation, range(count), f"label {chance.randrange(4)}")
    if kind == 3:
        return edit.set_points(annotation, chance.randrange(count), outline)
    if kind == 4:
        return edit.set_flags(annotation, {"poor": chance.random() < 0.5})
    return edit.move_vertex(annotation, chance.randrange(count), 0, outline[0])


class Editor:
    """Acts as fast as the event loop turns, on the real drafts."""

    def __init__(self, folder: Path, seed: int) -> None:
        self._said = os.open(folder / SAID, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o666)
        self._chance = random.Random(seed)
        self._images = instances(folder)
        self._drafts = Drafts()
        self._drafts.open(folder / "study", self._images.get)
        for instance in self._images.values():
            self._drafts.history(instance)
        self._say(["ready"])
        self._timer = QTimer(interval=1)
        self._timer.timeout.connect(self._act)
        self._timer.start()

    def _say(self, words: list[Any]) -> None:
        os.write(self._said, json.dumps(words).encode() + b"\n")

    def _act(self) -> None:
        name, seed = self._chance.choice(IMAGES), self._chance.randrange(10**9)
        what = self._chance.choices(("edit", "undo", "redo", "jump", "leave"), (12, 3, 2, 1, 2))[0]
        instance = self._images[name]
        self._say([name, what, seed])
        if what == "edit":
            made = after(self._drafts.history(instance), what, seed)
            self._drafts.edit(instance, made.annotation, made.present.what)
        elif what == "jump":
            self._drafts.jump(instance, after(self._drafts.history(instance), what, seed).at)
        elif what == "leave":
            self._drafts.autosave.flush()
        else:
            {"undo": self._drafts.undo, "redo": self._drafts.redo}[what](instance)
        self._say(["done"])


def _child(folder: Path, seed: int) -> None:
    autosave.DELAY_MS = 10
    application = QCoreApplication([])
    kept = Editor(folder, seed)
    application.exec()
    del kept


def main() -> None:
    for line in sys.stdin:
        folder, seed = line.rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            try:
                _child(Path(folder), int(seed))
            finally:
                os._exit(1)
        print(child, flush=True)
        os.waitpid(child, 0)
        print("dead", flush=True)


if __name__ == "__main__":
    main()
