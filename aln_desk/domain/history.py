"""Every state that one annotation went through, and which of them it is in now."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from aln_desk.domain.annotation import Annotation


@dataclass(frozen=True, slots=True)
class Step:
    """A state of the annotation, the short sentence for the edit that made it (``moved a vertex``), and when that was
    (seconds since 1970 UTC; 0 where nobody noted it).
    """

    annotation: Annotation
    what: str = ""
    when: float = 0.0


class History:
    """The steps of one annotation, oldest first, and the place among them. Without limit, and never changed: every
    method gives another history.

    A step costs little: annotations share the shapes that an edit left alone, and histories that grow out of one
    another share one list, of which each sees its own beginning. Only an edit after an undo copies what it keeps of it.
    """

    __slots__ = ("_at", "_count", "_shared")

    def __init__(self, steps: Iterable[Step], at: int = -1) -> None:
        """A history of at least one step; ``at`` is the place of the present one, counted as in a list."""
        self._shared = list(steps)
        self._count = len(self._shared)
        self._at = range(self._count)[at]

    @classmethod
    def of(cls, annotation: Annotation, what: str = "", when: float = 0.0) -> History:
        """The history of an annotation as opened: nothing to undo."""
        return cls([Step(annotation, what, when)])

    @property
    def steps(self) -> tuple[Step, ...]:
        """All steps, oldest first, those that can be redone last."""
        return tuple(self._shared[: self._count])

    @property
    def at(self) -> int:
        """The place of the present step in `steps`."""
        return self._at

    @property
    def present(self) -> Step:
        """The step that the annotation is in now."""
        return self._shared[self._at]

    @property
    def annotation(self) -> Annotation:
        """The annotation as it stands now."""
        return self.present.annotation

    @property
    def can_undo(self) -> bool:
        return self._at > 0

    @property
    def can_redo(self) -> bool:
        return self._at < self._count - 1

    @property
    def undo_what(self) -> str:
        """What `undo` would take back; empty where there is nothing."""
        return self.present.what if self.can_undo else ""

    @property
    def redo_what(self) -> str:
        """What `redo` would do again; empty where there is nothing."""
        return self._shared[self._at + 1].what if self.can_redo else ""

    def __len__(self) -> int:
        return self._count

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, History):
            return NotImplemented
        return (self._at, self.steps) == (other._at, other.steps)

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        return f"History(at {self._at} of {self._count}, {self.present.what!r})"

    def push(self, annotation: Annotation, what: str, when: float = 0.0) -> History:
        """After an edit: nothing is left to redo. An equal annotation is no edit and changes nothing."""
        if annotation == self.annotation:
            return self
        steps = self._shared
        if len(steps) > self._at + 1:  # another history goes on from here, or there was something to redo
            steps = steps[: self._at + 1]
        steps.append(Step(annotation, what, when))
        return self._with(steps, len(steps), len(steps) - 1)

    def undo(self) -> History:
        """One step back; itself where there is none."""
        return self.jump(self._at - 1) if self.can_undo else self

    def redo(self) -> History:
        """One step forth; itself where there is none."""
        return self.jump(self._at + 1) if self.can_redo else self

    def jump(self, at: int) -> History:
        """At the step of that place, everything else kept; IndexError where there is no such place."""
        if not 0 <= at < self._count:
            raise IndexError(f"{at} is no place among {self._count} steps")
        return self if at == self._at else self._with(self._shared, self._count, at)

    @classmethod
    def _with(cls, shared: list[Step], count: int, at: int) -> History:
        made = cls.__new__(cls)
        made._shared, made._count, made._at = shared, count, at
        return made
