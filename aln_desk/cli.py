"""The command line: every station of the journey without a window."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk import __version__, cli_evaluate, cli_formats, cli_train
from aln_desk.cli_output import Output
from aln_desk.domain.errors import BadProject
from aln_desk.domain.presets import DEVICES
from aln_desk.domain.verdict import SIMULATED

if TYPE_CHECKING:
    from aln_desk.inference.reading import Reading

NOTICE = "Research use only. Not a medical device."


def run(arguments: Sequence[str]) -> int:
    """Do what the command line asks and give the exit code: 0 only on success. Raises `AlnError` children."""
    commands = _parser()
    words = list(arguments)
    if not words or (not words[0].startswith("-") and words[0] not in COMMANDS):
        return _window(commands[""].parse_args(words))
    options = commands["aln-desk"].parse_args(words)
    action: Callable[[argparse.Namespace], int] = options.action
    return action(options)


def _parser() -> dict[str, argparse.ArgumentParser]:
    main = argparse.ArgumentParser(
        prog="aln-desk",
        description="Axillary lymph node status from B-mode ultrasound. " + NOTICE,
        epilog="Without a command: 'aln-desk [PROJECT]' opens the window.",
    )
    main.add_argument("--version", action="version", version=f"aln-desk {__version__}")
    kinds = main.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (describe, action, add) in COMMANDS.items():
        command = kinds.add_parser(name, help=describe, description=f"{describe}. {NOTICE}")
        command.set_defaults(action=action)
        add(command)
    window = argparse.ArgumentParser(prog="aln-desk", description="Open the window. " + NOTICE)
    window.add_argument("project", nargs="?", type=Path, help="project folder to open")
    return {"aln-desk": main, "": window}


def _window(options: argparse.Namespace) -> int:
    from aln_desk import app

    if options.project is not None and not options.project.exists():
        raise BadProject(f"'{options.project}' is neither a command nor a project folder. See aln-desk --help.")
    return app.run(options.project)


def _demo(options: argparse.Namespace) -> int:
    from aln_desk import demonstration, paths

    folder = options.dir or paths.demo_project()
    if not options.no_window:
        from aln_desk import app

        return app.run(folder) if demonstration.is_made(folder) else app.run(None, demonstration=folder)
    with Output(options.events, options.stop_with_stdin) as output:
        demonstration.make(folder, options.device, output.emit, output.should_stop, options.patients)
        output.finished()
    output.say(f"The demonstration project is ready: {folder}\nOpen it with: aln-desk {folder}")
    return 0


def _simulate(options: argparse.Namespace) -> int:
    from aln_desk.demonstration import simulate_project

    with Output(options.events, options.stop_with_stdin) as output:
        simulate_project(options.dir, options.patients, options.seed, output.emit, output.should_stop, options.shortcut)
    output.say(f"{options.patients} simulated patients lie in {options.dir}, which is a project.")
    return 0


def _new(options: argparse.Namespace) -> int:
    from aln_desk.io.importers import new_project
    from aln_desk.io.patient_table import unused_tables

    if options.csv is None:
        for table in unused_tables(options.source):
            print(f"{table.name} was not used: its header lacks 'file' and 'patient'.", file=sys.stderr)
    with new_project(options.project, options.source, table=options.csv, annotations=options.annotations) as project:
        patients = project.patients()
        count = sum(len(p.bag) for p in patients)
        print(f"{options.project}: {len(patients)} patients, {count} images.")
    return 0


def _predict(options: argparse.Namespace) -> int:
    from aln_desk.inference.clinical_reading import is_clinical, read_clinical
    from aln_desk.inference.reading import ProjectReader, model_folder
    from aln_desk.inference.session import Session
    from aln_desk.io.checkpoint import read_manifest
    from aln_desk.io.project import Project

    with Output(options.events, options.stop_with_stdin) as output, Project.open(options.project) as project:
        folder = model_folder(project, options.model)
        manifest = read_manifest(folder)
        if is_clinical(folder):
            reading = read_clinical(project, folder, output.emit)
        else:
            reader = ProjectReader(project, Session.open(folder, options.device, emit=output.emit), output.emit)
            while reader.step() and not output.should_stop():
                pass
            reading = reader.finish()
        output.finished(digest=manifest["digest"], stopped=not reading.complete)
    read = "Clinical variables" if is_clinical(folder) else f"{reading.images} images"
    one_stage = manifest.get("mil") is None and not is_clinical(folder)
    verdicts = "no verdicts, since this model has only stage 1" if one_stage else _counted(reading)
    notice = f"{SIMULATED} {NOTICE}" if manifest.get("simulated") and reading.verdicts else NOTICE
    output.say(f"{read} read by model {manifest['name']} ({manifest['digest']}): {verdicts}. {notice}")
    if reading.left_out and not is_clinical(folder):
        names = ", ".join(reading.left_out)
        raise BadProject(f"These patients have an image that cannot be read, and no verdict: {names}.")
    return 0 if reading.complete else 130


def _counted(reading: Reading) -> str:
    """How many verdicts of which kind, in words."""
    decisions = [row.decision for row in reading.verdicts]
    uncertain = f" and {decisions.count('uncertain')} uncertain" if "uncertain" in decisions else ""
    return f"{len(decisions)} verdicts, {decisions.count('positive')} of them positive{uncertain}"


def _doctor(options: argparse.Namespace) -> int:
    from aln_desk.doctor import devices, report
    from aln_desk.domain.messages import to_line

    for line in map(to_line, devices()) if options.events else [report()]:
        print(line, flush=True)
    return 0


def _engine(options: argparse.Namespace) -> int:
    from aln_desk.domain.messages import to_line
    from aln_desk.inference.engine import Engine

    Engine(lambda message: print(to_line(message), flush=True)).serve(sys.stdin or ())
    return 0


def _count(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return value


def _add_project(command: argparse.ArgumentParser) -> None:
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")


def _add_device(command: argparse.ArgumentParser) -> None:
    command.add_argument("--device", choices=DEVICES, default="auto", help="where networks run (default: auto)")


def _add_events(command: argparse.ArgumentParser) -> None:
    command.add_argument("--events", action="store_true", help="one JSON event a line, no progress bar")
    command.add_argument(
        "--stop-with-stdin", action="store_true", help="stop cleanly when standard input closes (for programs)"
    )


def _add_demo(command: argparse.ArgumentParser) -> None:
    from aln_desk.demonstration import PATIENTS

    command.add_argument("--dir", type=Path, help="where the project is made (default: your data folder)")
    command.add_argument("--no-window", action="store_true", help="make the project and open no window")
    command.add_argument("--patients", type=_count, default=PATIENTS, help=f"how many (default: {PATIENTS})")
    _add_device(command)
    _add_events(command)


def _add_simulate(command: argparse.ArgumentParser) -> None:
    command.add_argument("dir", type=Path, metavar="DIR", help="new folder for images, tables and project")
    command.add_argument("--patients", type=_count, required=True, help="number of patients (the paper's study: 1557)")
    command.add_argument("--seed", type=int, required=True, help="the same seed gives the same bytes")
    command.add_argument(
        "--shortcut",
        choices=("none", "text", "calipers"),
        default="none",
        help="a mark that tells the outcome in the training cohort and nothing elsewhere (default: none)",
    )
    _add_events(command)


def _add_new(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument("--from", dest="source", type=Path, required=True, metavar="FOLDER", help="folder of images")
    command.add_argument("--csv", type=Path, help="table of patients (default: the one in FOLDER, if any)")
    command.add_argument(
        "--annotations", choices=("beside", "project"), help="where outlines are saved (default: beside the images)"
    )


def _add_predict(command: argparse.ArgumentParser) -> None:
    _add_project(command)
    command.add_argument(
        "--model", default="", metavar="M", help="model folder or digest (default: the adopted, else the embedded one)"
    )
    _add_device(command)
    _add_events(command)


def _add_doctor(command: argparse.ArgumentParser) -> None:
    command.add_argument("--events", action="store_true", help="only the devices, one JSON event a line")


def _add_nothing(command: argparse.ArgumentParser) -> None:
    pass


COMMANDS: dict[str, tuple[str, Callable[[argparse.Namespace], int], Callable[[argparse.ArgumentParser], None]]] = {
    "demo": ("Open the demonstration: simulated patients, read by the embedded model", _demo, _add_demo),
    "simulate": ("Draw simulated patients with known truth", _simulate, _add_simulate),
    "new": ("Make a project from a folder of images", _new, _add_new),
    "train": ("Train networks or comparators on a project", cli_train.train, cli_train.add_train),
    "runs": ("List the trainings of a project and what they reached", cli_train.runs, cli_train.add_runs),
    "predict": ("Read every patient of a project", _predict, _add_predict),
    "evaluate": ("Compare scores with the outcomes", cli_evaluate.evaluate, cli_evaluate.add_evaluate),
    "import-scores": ("Keep other software's scores", cli_evaluate.import_scores, cli_evaluate.add_import_scores),
    "export": ("Write outlines and masks for other programs", cli_formats.export, cli_formats.add_export),
    "import-outlines": (
        "Take over other programs' outlines",
        cli_formats.import_outlines,
        cli_formats.add_import_outlines,
    ),
    "doctor": ("Tell versions, device, model and where things lie", _doctor, _add_doctor),
    "engine": ("Serve a window: requests on stdin, answers on stdout", _engine, _add_nothing),
}
