"""What stands between outlines and their files, image by image, until it is mended or put aside."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Instance

Kind = Literal["failed", "changed", "gone", "damaged", "journal", "locked", "recovered", "reloaded", "history"]
"""``failed``: the disk refuses; ``changed``, ``gone``, ``damaged``: another program has been at the file; ``journal``:
the journal cannot be written. The rest are notices: ``locked``, another window edits this project; ``recovered``
edits; a file ``reloaded`` after another program changed it; a ``history`` that cannot be read whole."""

Action = Literal["retry", "elsewhere", "reload", "merge", "discard", "take_over", "dismiss"]

OF_JOURNAL: tuple[Kind, ...] = ("journal",)
UNSAVED: tuple[Kind, ...] = ("failed", "changed", "gone", "damaged")
NOTICES: tuple[Kind, ...] = ("recovered", "reloaded", "history", "locked")

ACTIONS: dict[Kind, tuple[Action, ...]] = {
    "failed": ("retry", "elsewhere"),
    "changed": ("merge", "reload", "retry", "elsewhere"),
    "gone": ("retry", "elsewhere", "reload"),
    "damaged": ("retry", "elsewhere"),
    "journal": ("retry",),
    "locked": ("take_over", "dismiss"),
    "recovered": ("discard", "dismiss"),
    "reloaded": ("discard", "dismiss"),
    "history": ("dismiss",),
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """One of them. ``instance`` is None for what concerns the whole project; ``back`` is where ``discard`` goes."""

    kind: Kind
    sentence: str
    instance: Instance | None = None
    back: Annotation | None = None

    @property
    def image(self) -> str:
        """The instance's id; empty for the whole project."""
        return self.instance.id if self.instance is not None else ""


class Troubles(QObject):
    """One at most for each annotation file, the newest. ``told(image id, kind, sentence)`` with each new one."""

    changed = Signal()
    told = Signal(str, str, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._by_file: dict[str, Trouble] = {}

    @property
    def all(self) -> list[Trouble]:
        """Every one that is not settled, oldest first."""
        return list(self._by_file.values())

    def of(self, image: str) -> Trouble | None:
        """That of an image (by instance id; empty: of the project)."""
        return next((one for one in self._by_file.values() if one.image == image), None)

    def tell(self, trouble: Trouble) -> None:
        """A new one, in place of any before it for the same file. The same once more is not told again."""
        if self._by_file.get(_file(trouble.instance)) != trouble:
            self._by_file[_file(trouble.instance)] = trouble
            self.told.emit(trouble.image, trouble.kind, trouble.sentence)
            self.changed.emit()

    def settle(self, instance: Instance | None, kinds: Collection[Kind]) -> None:
        """Forget that of an image where it is of these kinds."""
        known = self._by_file.get(_file(instance))
        if known is not None and known.kind in kinds:
            del self._by_file[_file(instance)]
            self.changed.emit()

    def forget(self) -> None:
        """Forget all (the project is closed)."""
        self._by_file.clear()
        self.changed.emit()


def _file(instance: Instance | None) -> str:
    return instance.annotation if instance is not None else ""
