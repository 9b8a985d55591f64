"""The shortcut study as one command: ``python -m training.shortcut --work DIR --out DIR``.

Simulates the same patients without and with a mark, burned in, that tells the outcome in the training cohort and
nothing in the test cohorts. Trains single T and the multi-instance model on each, with what the scanner drew left in
and with it blanked, through the command line that users have, and lets them read the test cohorts. The table says how
far each falls behind its twin that was taught without the mark and reads the very same images, and how much of its
positive evidence lies on the mark and in the lesion. A step whose result lies in ``--work`` already is not done again.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from aln_desk.io import atomic
from aln_desk.io.project import Project
from aln_desk.io.runs import Run, read_runs
from training import commands, once, simulated
from training.commands import Clock
from training.phantom.latents import SHORTCUTS, Shortcut
from training.shortcut.reading import StudyReading, marks_of, read_tests
from training.shortcut.table import MIL, SINGLE_T, WITHOUT, Row, Taught, rows_of, to_csv, to_markdown
from training.simulated import PATIENTS, SEED
from training.study.recipes import add_size, size_named


def main(arguments: Sequence[str]) -> int:
    """Do what is missing and write ``shortcut.csv`` and ``shortcut.md`` to ``--out``."""
    options = _parser().parse_args(arguments)
    options.out.mkdir(parents=True, exist_ok=True)
    kinds: tuple[Shortcut, ...] = (WITHOUT, *(kind for kind in SHORTCUTS if kind in options.marks))
    for kind in kinds:
        study = options.work / kind
        simulated.ensure(Clock(), study, "--shortcut", kind, patients=options.patients, seed=options.seed)
        simulated.ensure_tests(Clock(), study, _tests(options, kind))
    readings: dict[tuple[Taught, Shortcut], StudyReading] = {}
    models = list(_models(kinds))
    runs = commands.side_by_side(partial(_trained, options), models, options.at_once)
    for taught, run in zip(models, runs, strict=True):
        for read in kinds if taught.study == WITHOUT else (taught.study,):
            readings[taught, read] = _reading(options, run, read)
        _write(options, list(rows_of(readings)))
    return 0


def _write(options: argparse.Namespace, rows: Sequence[Row]) -> None:
    """The tables so far: after every model, since all of them take hours."""
    table = to_markdown(rows, _about(options))
    atomic.write_text(options.out / "shortcut.csv", to_csv(rows))
    atomic.write_text(options.out / "shortcut.md", table)
    print(table, flush=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.shortcut", description="How far a mark misleads.")
    parser.add_argument("--work", type=Path, required=True, help="folder for studies and models (a few GB)")
    parser.add_argument("--out", type=Path, required=True)
    marks = [kind for kind in SHORTCUTS if kind != WITHOUT]
    parser.add_argument("--marks", nargs="+", choices=marks, default=marks, help="kinds of mark (default: all)")
    parser.add_argument("--patients", type=int, default=PATIENTS)
    parser.add_argument("--seed", type=int, default=SEED)
    add_size(parser)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="changed in every run alike")
    parser.add_argument("--device", default="auto")
    commands.add_at_once(parser, "models")
    return parser


def _models(kinds: Sequence[Shortcut]) -> Iterator[Taught]:
    """Every model; those taught without a mark come first."""
    for kind in kinds:
        for net in (SINGLE_T, MIL):
            yield from (Taught(kind, net, blanked) for blanked in (False, True))


def _trained(options: argparse.Namespace, taught: Taught, threads: int | None) -> Run:
    """The finished run of this model: found, or gone on with, or made, on so many ``threads`` (None: all)."""
    study, label = options.work / taught.study, f"shortcut: {taught.net}{', blanked' if taught.blanked else ''}"
    runs = _runs(study, label)
    if (done := once.finished(study / "models", runs)) is not None:
        return done
    if (last := once.begun(runs)) is not None:
        words = ["--resume", last.name]
    else:
        size = size_named(options.size, options.device)
        one = size.single_t if taught.net == SINGLE_T else size.base
        settings = [f"{key}={value}" for key, value in one.settings]
        settings += [*options.set, f"clean={str(taught.blanked).lower()}"]  # the last one counts
        words = ["--preset", one.preset, *(word for change in settings for word in ("--set", change)), "--name", label]
    commands.aln_desk(Clock(), "train", "all", study, *words, "--device", options.device, threads=threads)
    made = once.finished(study / "models", _runs(study, label))
    assert made is not None
    return made


def _runs(study: Path, label: str) -> list[Run]:
    with Project.open(study) as project:
        return [run for run in read_runs(project.runs) if run.label == label]


def _reading(options: argparse.Namespace, run: Run, kind: Shortcut) -> StudyReading:
    """What the run's model makes of the test cohorts of the study of this kind."""
    tests, model = _tests(options, kind), Path(run.model)
    commands.aln_desk(Clock(), "predict", tests, "--model", model, "--device", options.device)
    return read_tests(tests, model, marks_of(options.work / kind), run.figures.get("auc", math.nan), options.device)


def _tests(options: argparse.Namespace, kind: Shortcut) -> Path:
    return Path(options.work / f"{kind}-tests")


def _about(options: argparse.Namespace) -> str:
    size = size_named(options.size, options.device)
    changed = f", changed by `{' '.join(f'--set {setting}' for setting in options.set)}`" if options.set else ""
    return (
        f"`aln-desk simulate --patients {options.patients} --seed {options.seed}`; {size.single_t.name} and "
        f"{size.base.name} by the recipes of `training.study --size {size.name}`{changed}."
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
