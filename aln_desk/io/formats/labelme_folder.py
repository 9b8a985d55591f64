"""A folder of LabelMe files, which hold everything; X-AnyLabeling's are read too (see `labelme_json`)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.shape import Shape
from aln_desk.io import labelme_json
from aln_desk.io.formats.incoming import Incoming, Refuse, beside, files
from aln_desk.io.formats.outlined import Outlined
from aln_desk.io.formats.stage import Stage


class LabelMeFiles:
    """``<name>.json``, each naming its image by a path from its own folder."""

    def add(self, image: Outlined, stage: Stage) -> int:
        """Write one file; an embedded copy of the image is left out."""
        path = f"{image.name}.json"
        annotation = replace(
            image.annotation,
            image_path=image.image_from((stage.out / path).parent),
            image_height=image.height,
            image_width=image.width,
            image_data=None,
        )
        stage.write(path, labelme_json.dumps(annotation).encode("utf-8"))
        return 0

    def end(self, stage: Stage) -> None:
        """Nothing more."""


def read(path: Path, refuse: Refuse) -> Iterator[Incoming]:
    """A file, or every one under a folder; one without the name of its image means the image of its own name."""
    for file in [path] if path.is_file() else files(path, ".json"):
        try:
            found = labelme_json.read(file)
        except AlnError as error:
            refuse(str(error))
            continue
        own = file.relative_to(path.parent if path.is_file() else path).with_suffix("")
        height, width = found.image_height, found.image_width
        yield Incoming(
            image=beside(own.parent, found.image_path) if found.image_path else own.as_posix(),
            where=str(file),
            shapes=partial(_shapes, found),
            size=(height, width) if height is not None and width is not None else None,
            has_suffix=bool(found.image_path),
            flags=found.flags,
            extra=found.extra,
        )


def _shapes(annotation: Annotation, height: int, width: int, refuse: Refuse) -> list[Shape]:
    return list(annotation.shapes)
