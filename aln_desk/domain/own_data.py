"""What LabelMe has no key for, kept in its file under one foreign key, ``aln``: a JSON object at each level.

Who writes a sub-key leaves all others as they are, so that a newer version's data survive an older one. What is damaged
is ignored when read and told in a sentence (`complaint`); it goes only when that very sub-key is written anew.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any, TypeVar

from aln_desk.domain.annotation import Annotation

KEY = "aln"
_UNREADABLE = "unreadable"
"""Sub-key under which something that stood in the object's place is kept."""

Read = TypeVar("Read")


def own(extra: Mapping[str, Any]) -> Mapping[str, Any]:
    """The object under `KEY` of an annotation's or a shape's ``extra``; empty where there is none."""
    found = extra.get(KEY)
    return found if isinstance(found, Mapping) else {}


def with_own(extra: Mapping[str, Any], name: str, value: Any) -> Mapping[str, Any]:
    """``extra`` with ``value`` (JSON) as the sub-key ``name``; None takes it away, and an empty object with it."""
    found = extra.get(KEY, {})
    kept = dict(found) if isinstance(found, Mapping) else {_UNREADABLE: found}
    if value is None:
        kept.pop(name, None)
    else:
        kept[name] = value
    others = {key: other for key, other in extra.items() if key != KEY}
    return {**others, KEY: kept} if kept else others


def with_sub_key(annotation: Annotation, name: str, value: Any) -> Annotation:
    """The annotation with this sub-key at its top level; the very same one where that changes nothing."""
    if own(annotation.extra).get(name) == value:
        return annotation
    return replace(annotation, extra=with_own(annotation.extra, name, value))


def readable(annotation: Annotation, name: str, parse: Callable[[Any], Read]) -> Read | None:
    """What ``parse`` makes of a top-level sub-key; None where it is absent or ``parse`` raises ValueError."""
    value = own(annotation.extra).get(name)
    if value is not None:
        with suppress(ValueError):
            return parse(value)
    return None


def complaint(annotation: Annotation, name: str, parse: Callable[[Any], Any]) -> str:
    """The sentence about a sub-key that ``parse`` refuses with a ValueError; empty where nothing is wrong."""
    try:
        if (value := own(annotation.extra).get(name)) is not None:
            parse(value)
    except ValueError as error:
        return f"The {name} kept with this image cannot be used ({error}); it is ignored and left as it is."
    return ""


def record(value: Any) -> Mapping[str, Any]:
    """``value`` if it is a JSON object; ValueError else."""
    if not isinstance(value, Mapping):
        raise ValueError("it is no JSON object")
    return value


def text(value: Any, what: str) -> str:
    """``value`` if it is text, empty for None; ValueError else."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise ValueError(f"its {what} is no text")
    return value


def number(value: Any, what: str) -> float:
    """``value`` as a finite float; ValueError else."""
    if type(value) in (int, float):
        with suppress(OverflowError):
            if math.isfinite(found := float(value)):
                return found
    raise ValueError(f"its {what} is no finite number")
