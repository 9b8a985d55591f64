"""ALN Desk and labelme do the same: ``python tests/benchmarks/labelme_race.py [--files N] [--rounds N] [ROW ...]``.

The two windows stand side by side, offscreen, each in a process of its own, and take turns, so that a busy machine
slows both. labelme is an outside program: ``LABELME_PYTHON`` names a Python with labelme 7.9.1; without it ALN Desk is
measured alone. The images are the same files; for ALN Desk a project is made of each folder, each image a patient.

``ms`` are medians of the clock's time from the event until what it asks for is painted; ``cpu`` are medians of what the
window's own thread (at the start: the whole program) really worked meanwhile. ``ratio`` is the median over the rounds
of labelme's time by ALN Desk's, of the clock and of the work. A row is reached by the clock; "cpu only" says that the
work alone would fit, and that the rest is waiting: for the machine, where others use it, or for a thread or the disk.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import time

import numpy as np
from canvas_speed import HEIGHT, WIDTH, polygons
from numpy.typing import NDArray

from aln_desk.domain.annotation import Annotation
from aln_desk.io import images, labelme_json

HERE = Path(__file__).parent
LABELME = os.environ.get("LABELME_PYTHON", "")
TINY = (48, 64, 3)
DIFFERENT = 8
"""Different pictures among those of 1024 x 768: a folder of ten thousand of them holds each many times, by links."""

Spent = tuple[float, float]
"""(clock, worked) milliseconds of one round."""


@dataclass(frozen=True, slots=True)
class Row:
    """One action of the table on the images of a folder, and the milliseconds to stay under."""

    name: str
    action: str
    folder: str
    to_reach: float


ROWS = (
    Row("hover repaint, 2,000 polygons of 20 points", "hover", "crowd", 16),
    Row("vertex drag, a polygon of 5,000 points, a frame", "drag", "ring", 16),
    Row("next image, tiny", "next", "many", 15),
    Row("next image, 1024 x 768", "next", "sharp", 15),
    Row("open the folder", "open", "many", 300),
    Row("file search, a keystroke", "search", "many", 30),
    Row("start to usable window", "start", "", 600),
)


@dataclass(frozen=True, slots=True)
class Raced:
    """What the rounds of one action took ALN Desk, and labelme where it ran."""

    row: Row
    ours: Sequence[Spent]
    labelme: Sequence[Spent] = ()

    def cells(self) -> list[str]:
        """The row of the table."""
        ours = _medians(self.ours)
        cells = [self.row.name, *map(_figure, ours)]
        if self.labelme:
            pairs = zip(self.labelme, self.ours, strict=True)
            ratios = [[theirs / own for theirs, own in zip(*pair, strict=True)] for pair in pairs]
            clock, worked = (median(ratio) for ratio in zip(*ratios, strict=True))
            cells += [*map(_figure, _medians(self.labelme)), f"{clock:.1f}x / {worked:.1f}x"]
        under = [time < self.row.to_reach for time in ours]
        return [*cells, f"under {self.row.to_reach:.0f}", "yes" if under[0] else "cpu only" if under[1] else "no"]


class Side:
    """One of the two windows with one action prepared; `ask` lets it do a round."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], errors: Path) -> None:
        self._command, self._errors = " ".join(command), errors
        with errors.open("w") as said:
            self._process = subprocess.Popen(
                command, text=True, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=said
            )
        self._heard()

    def ask(self) -> Spent:
        """One round."""
        assert self._process.stdin is not None
        print("go", file=self._process.stdin, flush=True)
        clock, worked = json.loads(self._heard())
        return clock, worked

    def close(self) -> None:
        """Let the window go."""
        self._process.communicate()

    def _heard(self) -> str:
        assert self._process.stdout is not None
        heard: str = self._process.stdout.readline()
        if not heard:
            raise SystemExit(f"{self._command}: {self._errors.read_text()[-2000:]}")
        return heard


def main() -> None:
    """Print the table."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rows", nargs="*", choices=[[], *{row.action for row in ROWS}], help="these actions only")
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--rounds", type=int, default=12)
    asked = options.parse_args()
    chosen = [row for row in ROWS if not asked.rows or row.action in asked.rows]
    with tempfile.TemporaryDirectory() as folder:
        draw(Path(folder), asked.files)
        print(f"{asked.files} images in a folder, {asked.rounds} rounds; milliseconds")
        if not LABELME:
            print("LABELME_PYTHON names no Python with labelme 7.9.1, so ALN Desk is measured alone.")
        print(head(bool(LABELME)))
        for raced in race(Path(folder), chosen, asked.rounds, LABELME):
            print(line(raced.cells()), flush=True)


def head(both: bool) -> str:
    """The table's first lines."""
    cells = ["action", "ALN Desk ms", "cpu", *(["labelme ms", "cpu", "ratio, clock / cpu"] if both else [])]
    cells += ["to reach", "reached"]
    return f"{line(cells)}\n{line(['---'] * len(cells))}"


def line(cells: Sequence[str]) -> str:
    """A line of Markdown's table."""
    return f"| {' | '.join(cells)} |"


def race(folder: Path, rows: Sequence[Row], rounds: int, labelme: str) -> Iterator[Raced]:
    """Each action in turns, one round of each side after the other; without ``labelme`` (its Python) ours alone."""
    ways = {"ours": sys.executable, **({"labelme": labelme} if labelme else {})}
    for row in rows:
        found: dict[str, list[Spent]] = {name: [] for name in ways}
        with ExitStack() as stack:
            sides = {name: stack.enter_context(side(name, python, folder, row)) for name, python in ways.items()}
            for turn in range(rounds + 1):
                for name, ask in sides.items():
                    spent = ask()
                    if turn:  # the first warms up
                        found[name].append(spent)
        yield Raced(row, *found.values())


@contextmanager
def side(name: str, python: str, folder: Path, row: Row) -> Iterator[Callable[[], Spent]]:
    """Gives what does a round of an action, with a home of its own for what the program keeps between two starts."""
    home = folder / f"home-{name}"
    home.mkdir(exist_ok=True)
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "HOME": str(home), "ALN_DESK_HOME": str(home)}
    script = [python, str(HERE / f"race_{name}.py")]
    if row.action == "start":
        yield lambda: started(script, environment)
        return
    made = Side([*script, row.action, str(folder / name / row.folder)], environment, folder / f"{name}.log")
    try:
        yield made.ask
    finally:
        made.close()


def started(script: Sequence[str], environment: dict[str, str]) -> Spent:
    """One start, from before the process exists to the painted window."""
    began = time()
    done = subprocess.run(script, capture_output=True, text=True, env=environment, check=True)
    painted, worked = map(float, done.stdout.split()[-2:])
    return (painted - began) * 1000, worked * 1000


def draw(folder: Path, files: int, crowd: tuple[int, int] = (2000, 20), ring: int = 5000) -> None:
    """The images of all rows, for each side its own, since both write beside them."""
    source = folder / "source"
    pictures = {name: source / name for name in ("crowd", "ring", "many", "sharp", "few")}
    for place in pictures.values():
        place.mkdir(parents=True)
    dice = np.random.default_rng(0)
    for name, (count, corners) in {"crowd": crowd, "ring": (1, ring)}.items():
        draw_outlined(pictures[name], polygons(count, corners), dice)
    draw_many(pictures["many"], files, TINY, dice)
    draw_many(pictures["sharp"], files, (HEIGHT, WIDTH, 3), dice)
    draw_many(pictures["few"], 2, TINY, dice)
    for name in ("ours", "labelme"):
        shutil.copytree(source, folder / name, copy_function=share)


def share(source: str, target: str) -> None:
    """The same picture under another name; an annotation file is a copy, since both sides may write it."""
    if source.endswith(".json"):
        shutil.copyfile(source, target)
    else:
        os.link(source, target)


def draw_outlined(folder: Path, annotation: Annotation, dice: np.random.Generator) -> None:
    """A picture with its annotation file."""
    images.write_png(folder / "image.png", picture((HEIGHT, WIDTH, 3), dice))
    labelme_json.write(folder / "image.json", annotation)


def draw_many(folder: Path, count: int, shape: tuple[int, int, int], dice: np.random.Generator) -> None:
    """So many files, of which every eighth is the same picture."""
    for number in range(count):
        file = folder / f"P{number:05}.png"
        if number < DIFFERENT:
            images.write_png(file, picture(shape, dice))
        else:
            os.link(folder / f"P{number % DIFFERENT:05}.png", file)


def picture(shape: tuple[int, int, int], dice: np.random.Generator) -> NDArray[np.uint8]:
    """Grey speckle, darker with depth, as ultrasound has it."""
    height, width, _ = shape
    grey = dice.rayleigh(40, (height, width)) * np.linspace(1.5, 0.5, height)[:, None]
    return np.repeat(grey.clip(0, 255).astype(np.uint8)[..., None], 3, axis=2)


def _medians(spent: Sequence[Spent]) -> Spent:
    clock, worked = (median(times) for times in zip(*spent, strict=True))
    return clock, worked


def _figure(milliseconds: float) -> str:
    return f"{milliseconds:.1f}" if milliseconds < 100 else f"{milliseconds:.0f}"


if __name__ == "__main__":
    main()
