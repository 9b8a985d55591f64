"""`aln-desk export` and `aln-desk import-outlines`: outlines to other programs' files, and back."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.cli_output import Output
from aln_desk.domain.errors import Stopped
from aln_desk.domain.messages import Progress

if TYPE_CHECKING:
    from aln_desk.io.formats.importing import Plan

_FORMATS = ("labelme", "coco", "coco-rle", "masks", "masks-per-class", "yolo-seg", "voc")
"""The keys of `io.formats.registry.FORMATS`, which is not loaded for ``--help``."""


def export(options: argparse.Namespace) -> int:
    """Write the outlines as asked; 130 when stopped before the end, with nothing written."""
    from aln_desk.io.formats.export import Wish, export_outlines
    from aln_desk.io.formats.registry import form_of
    from aln_desk.io.project import Project

    wish = Wish(
        form=options.format,
        source=options.source,
        out=options.out,
        cohorts=[name for name in options.cohorts.split(",") if name],
        only_done=options.only_done,
        with_images=options.with_images,
    )
    with Output(options.events, options.stop_with_stdin) as output, Project.open(options.project) as project:
        try:
            done = export_outlines(
                project, wish, lambda at, total: output.emit(Progress("export", at, total)), output.should_stop
            )
        except Stopped as stopped:
            output.say(str(stopped))
            output.finished(stopped=True)
            return 130
        output.finished()
    without = f"; {_counted(done.without, 'image has', 'images have')} none" if done.without else ""
    output.say(
        f"The outlines of {_counted(done.images, 'image')} were written to {options.out} "
        f"({form_of(options.format).name}){without}."
    )
    if done.lost:
        output.say(f"{_counted(done.lost, 'outline')} could not be held by this format and {_was(done.lost)} left out.")
    return 0


def import_outlines(options: argparse.Namespace) -> int:
    """Take over what can be; a sentence on stderr for every record that cannot, and then 1."""
    from aln_desk.io.formats.importing import apply, plan
    from aln_desk.io.project import Project

    refused: list[str] = []
    with Output(options.events, options.stop_with_stdin) as output, Project.open(options.project) as project:
        bag = [instance for patient in project.patients() for instance in patient.bag]

        def told(at: int, total: int) -> None:
            output.emit(Progress("import", at, total))

        try:
            found = plan(bag, options.source, options.format, options.mode, {}, told, output.should_stop)
        except Stopped as stopped:
            output.say(str(stopped))
            output.finished(stopped=True)
            return 130
        refused += found.refused
        saved = apply(found.changes, refused.append)
        output.finished()
    for sentence in refused:
        print(sentence, file=sys.stderr)
    output.say(_summary(found, saved, len(refused)))
    return 1 if refused else 0


def add_export(command: argparse.ArgumentParser) -> None:
    """The options of `export`."""
    _add_project(command)
    command.add_argument("--format", choices=_FORMATS, required=True, help="what kind of files")
    command.add_argument("--source", choices=("drawn", "model"), required=True, help="outlines or the model's masks")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="where the files go")
    command.add_argument("--cohorts", default="", metavar="A,B", help="only these cohorts (default: all)")
    command.add_argument("--only-done", action="store_true", help="only images that are marked or count as done")
    command.add_argument("--with-images", action="store_true", help="copy the images too, except for masks")
    _add_events(command)


def add_import_outlines(command: argparse.ArgumentParser) -> None:
    """The options of `import-outlines`."""
    _add_project(command)
    command.add_argument("source", type=Path, metavar="FILE_OR_DIR", help="what another program wrote")
    command.add_argument("--format", choices=("auto", *_FORMATS), default="auto", help="default: told from the files")
    what = command.add_mutually_exclusive_group()
    for mode, words in (("add", "gets these too"), ("replace", "loses them, except locked ones")):
        what.add_argument(
            f"--{mode}",
            action="store_const",
            dest="mode",
            const=mode,
            default="keep",
            help=f"an image that has outlines already {words} (default: it is left alone)",
        )
    _add_events(command)


def _summary(found: Plan, saved: int, refused: int) -> str:
    parts = [f"{_counted(found.outlines, 'outline')} for {_counted(saved, 'image')} imported"]
    if found.replaced:
        parts.append(f"the older outlines of {_counted(found.replaced, 'image')} replaced")
    if found.same:
        parts.append(f"{_counted(found.same, 'image')} had them already")
    parts.append(f"{refused or 'nothing'} refused")
    return "; ".join(parts) + "."


def _counted(count: int, one: str, several: str = "") -> str:
    return f"{count} {one if count == 1 else several or one + 's'}"


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _add_project(command: argparse.ArgumentParser) -> None:
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")


def _add_events(command: argparse.ArgumentParser) -> None:
    command.add_argument("--events", action="store_true", help="one JSON event a line, no progress bar")
    command.add_argument(
        "--stop-with-stdin", action="store_true", help="stop cleanly when standard input closes (for programs)"
    )
