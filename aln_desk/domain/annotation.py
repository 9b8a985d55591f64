"""All shapes and flags of one image: the contents of one LabelMe file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from aln_desk.domain.shape import Shape

NO_LESION = "no_lesion"
"""Flag of an image on which a reader looked and found nothing to outline."""


@dataclass(frozen=True, slots=True)
class Annotation:
    """Immutable: an edit returns a new one, so undo is a list of these.

    ``image_path`` is the image's path relative to the JSON's folder with ``/`` (as LabelMe writes it). Height and
    width are pixels after EXIF rotation, None while unknown. ``image_data`` is base64 of an embedded image file, or
    None. ``extra`` holds foreign top-level keys verbatim.
    """

    image_path: str
    image_height: int | None = None
    image_width: int | None = None
    shapes: tuple[Shape, ...] = ()
    flags: Mapping[str, bool] = field(default_factory=dict)
    image_data: str | None = None
    version: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def answered(self) -> bool:
        """True once a reader has outlined something or said that there is nothing to outline."""
        return bool(self.shapes or self.flags.get(NO_LESION))

    def with_shapes(self, shapes: tuple[Shape, ...]) -> Annotation:
        """The same annotation with other shapes."""
        return replace(self, shapes=shapes)
