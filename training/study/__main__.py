"""The paper's comparison as one command: ``python -m training.study --work DIR --out DIR``.

Simulates the study of 1,557 patients, trains the clinical model, single T, backbones with the Transformer, aggregators
on one stage 1 and the fusion with clinical variables, lets them read the test cohorts, and publishes the results beside
the best possible scores: Table 2, Figures 1 to 3 and Table S2 in ``results/``, the aggregators in ``aggregators/``, and
``study.md`` and ``study.csv`` with what was to be reached. All by the commands that users have. Called again it goes on
where it was stopped or cut off; what is finished is not done again.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from aln_desk.domain.errors import AlnError, BadProject, Stopped
from aln_desk.domain.presets import DEVICES
from aln_desk.io import atomic
from aln_desk.io.project import Project
from aln_desk.io.runs import Run
from training import commands
from training.commands import STOPPED, Clock
from training.simulated import PATIENTS, SEED
from training.study import figures
from training.study.recipes import Contender, Size, add_size, size_named
from training.study.table import to_csv, to_markdown
from training.study.targets import targets
from training.study.work import CEILINGS, Bench, Made

Done = TypeVar("Done")

RESULTS, AGGREGATORS = "results", "aggregators"
_AGGREGATOR_PARTS = ("table_2", "figure_1", "table_s5", "figure_3a", "table_s4")
_POSSIBLE = [f"import:{name}" for name in CEILINGS.values()]


def main(arguments: Sequence[str]) -> int:
    """Do what is missing; 130 when the time was up before the end, 1 when a step failed (the others are done)."""
    options = _parser().parse_args(arguments)
    bench = Bench(
        options.work,
        options.device,
        Clock.of_minutes(options.until_minutes),
        tests_of=options.tests_of,
        patients=options.patients,
        seed=options.seed,
    )
    try:
        only = [key.strip() for key in options.only.split(",") if key.strip()]
        return compare(bench, size_named(options.size, options.device), only, options.out, options.at_once)
    except AlnError as error:
        print(f"study: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return STOPPED


def compare(bench: Bench, size: Size, only: Sequence[str], out: Path, at_once: int = 1) -> int:
    """Make what is missing of ``only`` (keys; none: all), as far as the time goes, and write what there is of ``size``.

    Gives the exit code of `main`. Raises `BadSetting` for an unknown key, and an `AlnError` where a step failed.
    """
    wanted = size.wanted(only)
    failed: list[str] = []
    with suppress(Stopped):
        bench.prepare()
        failed += _make(bench, wanted, at_once)
        failed += _publish(bench, size, out)
    left = _left(bench, size, wanted, out)
    if bench.is_prepared:
        print(_write(bench, size, left, out))
    if left:
        print(f"Still to be done: {', '.join(left)}. The same command goes on from here.")
    if failed:
        raise BadProject(f"These could not be made: {', '.join(failed)}. The reasons stand above.")
    return STOPPED if left else 0


def _make(bench: Bench, wanted: Sequence[Contender], at_once: int) -> list[str]:
    """Train and read with each; keys of those that failed, and of those that build on them. ``at_once`` of those that
    build on none are trained side by side, before anything is read.
    """
    made: dict[str, Made] = {}
    failed = _train_side_by_side(bench, [one for one in wanted if not one.base], at_once) if at_once > 1 else []
    for number, one in enumerate(wanted, start=1):
        base = made.get(one.base)
        if one.key in failed:
            continue
        if one.base and base is None:
            failed.append(one.key)
            continue
        print(f"[{number}/{len(wanted)}] {one.name}", flush=True)
        found = _unless_failed(one, partial(bench.make, one, base))
        if found is None:
            failed.append(one.key)
        else:
            made[one.key] = found
    return failed


def _train_side_by_side(bench: Bench, wanted: Sequence[Contender], at_once: int) -> list[str]:
    """Train these, each on its part of the cores; keys of those that failed."""

    def train(one: Contender, threads: int | None) -> Run | None:
        return _unless_failed(one, partial(replace(bench, threads=threads).train, one, None))

    trained = commands.side_by_side(train, wanted, at_once)
    return [one.key for one, run in zip(wanted, trained, strict=True) if run is None]


def _unless_failed(one: Contender, step: Callable[[], Done | None]) -> Done | None:
    try:
        return step()
    except BadProject as error:
        print(f"study: {one.name}: {error}", file=sys.stderr)
        return None


def _publish(bench: Bench, size: Size, out: Path) -> list[str]:
    """Publish whatever is made; names of what failed."""
    failed: list[str] = []
    for name, keys, parts in _publications(_made(bench, size)):
        try:
            bench.evaluate(out / name, keys, parts)
        except BadProject as error:
            print(f"study: {name}: {error}", file=sys.stderr)
            failed.append(name)
    return failed


def _made(bench: Bench, size: Size) -> list[Made]:
    return list(bench.made(size.contenders).values())


def _publications(made: Sequence[Made]) -> list[tuple[str, list[str], tuple[str, ...]]]:
    """Folder, scorers and parts: the paper's comparison, our best model first since cases show the first; and, all of
    them having the same masks, what tells aggregators apart.
    """
    ours = figures.best(made)
    first = [ours] if ours else []
    main = [*first, *(one for one in made if one.contender.family != "aggregator" and one not in first)]
    family = [one for one in made if one.contender.family == "aggregator"]
    bases = {one.contender.base for one in family}
    family = [*(one for one in made if one.contender.key in bases), *family]
    found = [(RESULTS, [one.digest for one in main] + _POSSIBLE, ())] if main else []
    several = [(AGGREGATORS, [one.digest for one in family] + _POSSIBLE[-1:], _AGGREGATOR_PARTS)] if family else []
    return [*found, *several]


def _left(bench: Bench, size: Size, wanted: Sequence[Contender], out: Path) -> list[str]:
    """What is still to be done, by what there is."""
    if not bench.is_prepared:
        return ["the simulated study", *(one.key for one in wanted), RESULTS]
    made = _made(bench, size)
    keys = {one.contender.key for one in made}
    lacking = [one.key for one in wanted if one.key not in keys]
    old = [name for name, scorers, _ in _publications(made) if not bench.is_published(out / name, scorers)]
    return lacking + old


def _write(bench: Bench, size: Size, left: Sequence[str], out: Path) -> str:
    """Write both files and give the text for people."""
    made = _made(bench, size)
    with Project.open(bench.tests) as tests:
        rows = figures.measure(tests, made, out / RESULTS)
        counts = ", ".join(f"{cohort.name} {len(tests.patients(cohorts={cohort.name}))}" for cohort in tests.cohorts())
    simulated = f"`aln-desk simulate --patients {bench.patients} --seed {bench.seed}`"
    about = f"{simulated}; patients read: {counts}{', of another simulated study' if bench.tests_of else ''}."
    ours = figures.best(made)
    best = ours.digest if ours else ""
    text = to_markdown(rows, targets(rows, best), best, size, left, about)
    out.mkdir(parents=True, exist_ok=True)
    atomic.write_text(out / "study.csv", to_csv(rows))
    atomic.write_text(out / "study.md", text)
    return text


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training.study", description="Compare all kinds of models.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the study and its models (a few GB)")
    parser.add_argument("--out", type=Path, required=True, help="where tables and figures go")
    parser.add_argument("--device", choices=DEVICES, default="auto", help="where networks run (default: auto)")
    add_size(parser)
    parser.add_argument("--only", default="", metavar="NAME,...", help="only these models, and those they build on")
    parser.add_argument("--patients", type=int, default=PATIENTS, help=f"of the simulated study (default: {PATIENTS})")
    parser.add_argument("--seed", type=int, default=SEED, help=f"of the simulated study (default: {SEED})")
    parser.add_argument(
        "--tests-of",
        type=Path,
        metavar="STUDY",
        help="read the test cohorts of this simulated study, such as a larger one of another seed",
    )
    commands.add_at_once(parser, "stages 1")
    parser.add_argument(
        "--until-minutes", type=float, metavar="M", help="stop after M minutes; the same command then goes on"
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
