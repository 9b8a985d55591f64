"""`aln-desk train` and `aln-desk runs`: what can be asked of a training, and the table of what came of it."""

from __future__ import annotations

import argparse
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.cli_output import Output
from aln_desk.domain.errors import BadSetting
from aln_desk.domain.presets import DEVICES, PRESETS

if TYPE_CHECKING:
    from training.run import Job


def train(options: argparse.Namespace) -> int:
    """Train as asked; 130 when stopped before the end."""
    from training.several import jobs, train_all

    if options.resume is not None and (options.folds or options.seeds):
        raise BadSetting("--resume knows the folds and seeds that its run began with; leave out --folds and --seeds.")
    wanted = jobs(_job(options), options.folds, options.seeds)
    if int(os.environ.get("RANK", "0")) > 0:  # torchrun's other processes work in silence
        return _assist(wanted)
    with Output(options.events, options.stop_with_stdin) as output:
        models = train_all(wanted, output.emit, output.should_stop)
    if models is None:
        output.say("Stopped. Resume with --resume.")
        return 130
    if options.adopt:
        _adopt(options.project, models[-1])
    for model in models:
        output.say(f"The new model lies in {model}" + (" and is adopted." if options.adopt else "."))
    return 0


def runs(options: argparse.Namespace) -> int:
    """Print the project's runs as a table."""
    from aln_desk.io import atomic
    from aln_desk.io.project import Project
    from aln_desk.io.runs import read_runs
    from aln_desk.io.runs_table import read_rows, to_csv, to_text

    with Project.open(options.project) as project:
        rows = read_rows(read_runs(project.runs))
    print(to_text(rows) if rows else "Nothing has been trained here yet.")
    if options.csv:
        atomic.write_text(options.csv, to_csv(rows))
    return 0


def add_train(command: argparse.ArgumentParser) -> None:
    """The options of `train`."""
    command.add_argument(
        "stages",
        choices=("mtl", "mil", "all", "clinical", "fusion"),
        help="stage 1, stage 2, both; the clinical model; clinical variables and images together",
    )
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")
    names = ", ".join(PRESETS)
    command.add_argument("--preset", default="", help=f"{names} (default: fast on an NVIDIA GPU, else small)")
    command.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="change a setting, such as mtl.iterations=500"
    )
    command.add_argument("--cohorts", default="", metavar="A,B", help="cohorts to learn from (default: those for it)")
    command.add_argument("--cohort", action="append", default=[], help="one cohort, whose name may hold commas")
    command.add_argument("--base", type=Path, metavar="MODEL", help="with mil and fusion: whose stage 1 is kept")
    command.add_argument(
        "--folds", type=_folds, default=0, metavar="K", help="cross-validation: K runs, each without one part"
    )
    command.add_argument("--seeds", type=_seeds, default=(), metavar="0,1,2", help="one run a seed (0-9: ten of them)")
    command.add_argument("--like", default="", metavar="RUN", help="do again what that run did, but for --set")
    command.add_argument(
        "--resume",
        nargs="?",
        const="",
        metavar="RUN",
        help="go on with a stopped run (default: the latest) and with the folds or seeds that were to follow it",
    )
    command.add_argument("--wait", action="store_true", help="with --resume: wait until another process lets go of it")
    command.add_argument(
        "--allow-download", action="store_true", help="published parameters may be fetched (with --set pretrained=timm)"
    )
    command.add_argument("--name", default="", help="the new model's name")
    command.add_argument("--adopt", action="store_true", help="make the new model the one that 'predict' uses")
    command.add_argument("--device", choices=DEVICES, default="auto", help="where networks run (default: auto)")
    command.add_argument("--events", action="store_true", help="one JSON event a line, no progress bar")
    command.add_argument(
        "--stop-with-stdin", action="store_true", help="stop cleanly when standard input closes (for programs)"
    )


def add_runs(command: argparse.ArgumentParser) -> None:
    """The options of `runs`."""
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")
    command.add_argument("--csv", type=Path, metavar="FILE", help="also write the table to a file")


def _job(options: argparse.Namespace) -> Job:
    from training.run import Job

    named = [name for name in options.cohorts.split(",") if name]
    return Job(
        project=options.project,
        stages=options.stages,
        preset=options.preset,
        settings=tuple(_setting(text) for text in options.set),
        cohorts=(*named, *options.cohort),
        device=options.device,
        base=options.base,
        resume=options.resume,
        wait=options.wait,
        like=options.like,
        name=options.name,
        allow_download=options.allow_download,
    )


def _assist(wanted: Sequence[Job]) -> int:
    from training.run import train

    for kind in (signal.SIGINT, signal.SIGTERM):  # the first process hears it too, and all stop after the same step
        signal.signal(kind, signal.SIG_IGN)
    for job in wanted:
        train(job, lambda message: None)
    return 0


def _adopt(folder: Path, model: Path) -> None:
    from aln_desk.io.project import Project

    with Project.open(folder) as project:
        project.adopt(model, model.name)


def _setting(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise BadSetting(f"--set {text}: write key=value, such as --set mtl.iterations=500.")
    return key.strip(), value


def _folds(text: str) -> int:
    """A number of folds, 2 or more."""
    if (count := int(text)) < 2:
        raise argparse.ArgumentTypeError("must be at least 2")
    return count


def _seeds(text: str) -> tuple[int, ...]:
    """``0,1,2`` or ``0-9``, or both mixed; each seed once."""
    found: dict[int, None] = {}
    for part in text.split(","):
        low, _, high = part.partition("-")
        found |= dict.fromkeys(range(int(low), int(high or low) + 1))
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' holds no seed; write the smaller one first, such as 0-9")
    return tuple(found)
