"""A project's outlines as files for other programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.patient import Instance
from aln_desk.domain.progress import Status, status_of
from aln_desk.io.formats.incoming import content
from aln_desk.io.formats.names import safe_names
from aln_desk.io.formats.outlined import Outlined, Source, annotation_of, drawn, instances, predicted
from aln_desk.io.formats.registry import form_of
from aln_desk.io.formats.stage import staged
from aln_desk.io.project import Project


@dataclass(frozen=True, slots=True)
class Exported:
    """How many images were written and had nothing to write, and how many outlines the format cannot hold."""

    images: int
    without: int
    lost: int


@dataclass(frozen=True, slots=True)
class Wish:
    """What is exported: ``form`` is a key of `registry.FORMATS`; no cohorts means all of them.

    ``only_done`` takes only images that are marked or count as done; ``with_images`` adds copies of the images, where
    the format has a place for them. ``newest`` holds annotations that are not on the disk yet, by instance id.
    """

    form: str
    source: Source
    out: Path
    cohorts: Collection[str] = ()
    only_done: bool = False
    with_images: bool = False
    newest: Mapping[str, Annotation] | None = None


def export_outlines(
    project: Project,
    wish: Wish,
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> Exported:
    """Write the outlines of the project's images; all files take their places at the end, or none.

    ``drawn`` takes the outlines, and leaves out images that have no annotation file; ``model`` takes the last
    reading's masks, each with the lesion type the network sees, and leaves out images it has not read. Files are
    called by `safe_names`. ``progress`` is told (images looked at, all). Raises `BadProject` where there is nothing to
    write, or where one of the project's own files would be replaced, and `Stopped` when ``should_stop`` says so.
    """
    form = form_of(wish.form)
    names = safe_names(instances(project, ()))
    bag = instances(project, wish.cohorts)
    copies = form.images if wish.with_images else None
    written = lost = 0
    with staged(wish.out.absolute(), _originals(instances(project, ())), form.own) as stage:
        writer = form.write()
        for done, instance in enumerate(bag, start=1):
            if should_stop():
                raise Stopped("The export was stopped; nothing was written.")
            if (found := _found(project, instance, wish)) is not None:
                image = Path(instance.image)
                if copies is not None:
                    copy = Path(copies, names[instance.id] + image.suffix).as_posix()
                    stage.write(copy, content(image))
                    image = stage.out / copy
                lost += writer.add(Outlined(names[instance.id], image, *found), stage)
                written += 1
            progress(done, len(bag))
        if not written:
            raise BadProject(f"{project.folder}: there are no {_WHAT[wish.source]}")
        writer.end(stage)
    return Exported(written, len(bag) - written, lost)


_WHAT = {
    "drawn": "outlines to export. Draw outlines first.",
    "model": "masks of a model to export. Run 'aln-desk predict' on it first.",
}


def _found(project: Project, instance: Instance, wish: Wish) -> tuple[Annotation, int, int] | None:
    newest = wish.newest or {}
    if wish.only_done and status_of(annotation_of(instance, newest) or Annotation("")) is not Status.DONE:
        return None
    return drawn(instance, newest) if wish.source == "drawn" else predicted(project, instance)


def _originals(bag: Sequence[Instance]) -> set[Path]:
    """The project's own files: images, and outlines where LabelMe or the project keeps them."""
    found: set[str] = set()
    for instance in bag:
        image = Path(instance.image)
        beside = (image.with_suffix(".json"), image.with_name(image.name + ".json"))
        found.update(os.path.realpath(path) for path in (image, instance.annotation, *beside))
    return set(map(Path, found))
