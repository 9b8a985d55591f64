"""The labels that a project offers, and renaming a label over all its images."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

from aln_desk.domain import edit, own_data, shape
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL

Lesion = Literal["tumour", "node", "none"]

COLOURS = ("#4cd6a0", "#f0e442", "#d55e00", "#6f8cff", "#cc79a7", "#ffffff", "#e69f00", "#56b4e9", "#009e73")
"""Offered in this order: after Okabe and Ito (2008), whose black and dark blue an ultrasound image would swallow.

The first four keep apart best under every common kind of colour blindness, the others less with each.
"""

_CLASS: Mapping[Lesion, int] = {"none": 0, "tumour": 1, "node": 2}
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")


@dataclass(frozen=True, slots=True)
class Label:
    """A word for shapes and what goes with it.

    ``colour`` is ``#rrggbb``; ``key`` the digit 1 to 9 that chooses it, None without one; ``lesion`` what the models
    take its shapes for; ``attributes`` maps an attribute's name to the choices offered; ``flags`` are offered too.
    """

    word: str
    colour: str
    key: int | None = None
    lesion: Lesion = "none"
    attributes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


DEFAULT: tuple[Label, ...] = (
    Label(
        TUMOUR_LABEL,
        COLOURS[0],
        1,
        "tumour",
        {
            "shape": ("oval", "round", "irregular"),
            "orientation": ("parallel", "not parallel"),
            "margin": ("circumscribed", "indistinct", "angular", "microlobulated", "spiculated"),
        },
        ("calcifications",),
    ),
    Label(
        NODE_LABEL,
        COLOURS[1],
        2,
        "node",
        {
            "shape": ("oval", "round"),
            "cortex": ("thin and even", "evenly thickened", "focally thickened"),
            "hilum": ("present", "displaced", "absent"),
            "level": ("I", "II", "III"),
        },
        ("biopsied",),
    ),
    Label("hilum", COLOURS[2], 3),
    Label("cortex", COLOURS[3], 4),
)
"""What a new project offers. Attributes of the tumour are those of BI-RADS ultrasound (5th edition, 2013)."""


@dataclass(frozen=True, slots=True)
class RenamePlan:
    """What renaming would do: shapes changed and locked shapes passed over, by instance id; zeros are left out."""

    old: str
    new: str
    changed: Mapping[str, int]
    locked: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """What will happen, for the reader who is to say yes."""
        shapes, images = sum(self.changed.values()), len(self.changed)
        will = f'{shapes} {_plural("shape", shapes)} on {images} {_plural("image", images)} will be called "{self.new}"'
        locked = sum(self.locked.values())
        return f"{will}; {locked} locked {_plural('shape', locked)} will stay." if locked else f"{will}."


def label_of(labels: Iterable[Label], word: str) -> Label | None:
    """The label that a shape's word means, whatever its case, surrounding space, and ``-`` or ``_``; None if none."""
    return next((label for label in labels if _plain(label.word) == _plain(word)), None)


def class_of(labels: Iterable[Label], word: str) -> int:
    """Class index of a shape's word: its label's, else `domain.shape.class_of`'s (0 for neither lesion)."""
    found = label_of(labels, word)
    return shape.class_of(word) if found is None else _CLASS[found.lesion]


def complaints(labels: Sequence[Label]) -> list[str]:
    """A sentence for everything that keeps these labels from being used together; none is wrong where empty."""
    found = [sentence for label in labels for sentence in _complaints_of(label)]
    words = Counter(_plain(label.word) for label in labels if label.word.strip())
    found += [f'Two labels are called "{word}".' for word, count in words.items() if count > 1]
    for key in sorted({label.key for label in labels if label.key is not None}):
        names = [label.word for label in labels if label.key == key]
        if len(names) > 1:
            found.append(f"The key {key} chooses several labels ({', '.join(names)}); give each its own.")
    return found if labels else ["A project needs at least one label."]


def plan_rename(annotations: Iterable[tuple[str, Annotation]], old: str, new: str) -> RenamePlan:
    """What renaming ``old`` to ``new`` would do to these (instance id, annotation)."""
    changed, locked = {}, {}
    for name, annotation in annotations:
        meant = _meant(annotation, old, new)
        held = sum(annotation.shapes[index].locked for index in meant)
        if len(meant) > held:
            changed[name] = len(meant) - held
        if held:
            locked[name] = held
    return RenamePlan(old, new, changed, locked)


def renamed(annotation: Annotation, old: str, new: str) -> Annotation:
    """The annotation with shapes of exactly the label ``old`` under ``new``; locked ones are passed over."""
    return edit.relabel(annotation, _meant(annotation, old, new), new)


def attributes_text(attributes: Mapping[str, Sequence[str]]) -> str:
    """Attributes as a reader types them: ``cortex: thin, thickened; hilum: present, absent``."""
    return "; ".join(f"{name}: {', '.join(choices)}" for name, choices in attributes.items())


def attributes_of(text: str) -> dict[str, tuple[str, ...]]:
    """The inverse of `attributes_text`; raises AlnError for an attribute without a name or a choice, or named twice."""
    found: dict[str, tuple[str, ...]] = {}
    for part in filter(None, (one.strip() for one in text.split(";"))):
        name, _, offered = (one.strip() for one in part.partition(":"))
        choices = tuple(choice.strip() for choice in offered.split(",") if choice.strip())
        if not name or not choices:
            raise AlnError(f'"{part}" is no attribute; write it as  name: choice, choice  and a ; before the next.')
        if name in found:
            raise AlnError(f'The attribute "{name}" stands there twice.')
        found[name] = choices
    return found


def to_record(label: Label) -> dict[str, Any]:
    """A label as JSON keeps it."""
    attributes = {name: list(choices) for name, choices in label.attributes.items()}
    return {
        "word": label.word,
        "colour": label.colour,
        "key": label.key,
        "lesion": label.lesion,
        "attributes": attributes,
        "flags": list(label.flags),
    }


def from_record(value: Any) -> Label:
    """The inverse of `to_record`; raises ValueError for what is none of its records."""
    kept = own_data.record(value)
    key, word, colour = kept.get("key"), kept.get("word"), kept.get("colour")
    if not (key is None or type(key) is int) or not isinstance(word, str) or not isinstance(colour, str):
        raise ValueError("its word, colour or key is of another kind")
    lesion: Lesion = next((known for known in get_args(Lesion) if known == kept.get("lesion")), "none")
    offered = own_data.record(kept.get("attributes", {}))
    attributes = {name: _words(choices) for name, choices in offered.items()}
    return Label(word, colour, key, lesion, attributes, _words(kept.get("flags", [])))


def _meant(annotation: Annotation, old: str, new: str) -> list[int]:
    return [index for index, one in enumerate(annotation.shapes) if one.label == old != new]


def _complaints_of(label: Label) -> list[str]:
    name = f'The label "{label.word}"'
    found = []
    if not label.word.strip():
        found.append("A label has no word; give it one or remove it.")
    elif label.word != label.word.strip():
        found.append(f"{name} begins or ends with a space.")
    if not _COLOUR.fullmatch(label.colour):
        found.append(f"{name} has no colour like #56b4e9.")
    if label.key is not None and label.key not in range(1, 10):
        found.append(f"{name} has the key {label.key}; only 1 to 9 choose a label.")
    for attribute, choices in label.attributes.items():
        if not attribute.strip() or not choices or not all(choice.strip() for choice in choices):
            found.append(f'{name} offers the attribute "{attribute}" without a name or a choice.')
        elif len(set(choices)) < len(choices):
            found.append(f'{name} offers a choice of "{attribute}" twice.')
    if not all(flag.strip() for flag in label.flags) or len(set(label.flags)) < len(label.flags):
        found.append(f"{name} offers a flag twice or one without a word.")
    return found


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(word, str) for word in value):
        raise ValueError("its attributes or flags are no words")
    return tuple(value)


def _plain(word: str) -> str:
    return word.strip().casefold().replace("-", "_").replace(" ", "_")


def _plural(noun: str, count: int) -> str:
    return noun if count == 1 else f"{noun}s"
