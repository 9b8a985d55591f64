"""Configurations of networks as plain records, so that a manifest can hold them and a wrong one is named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, TypeVar

from aln_desk.domain.errors import BadModel, BadSetting

Config = TypeVar("Config")


def from_record(kind: type[Config], record: Mapping[str, Any]) -> Config:
    """A configuration dataclass from its ``asdict`` record; absent keys take their default, lists become
    tuples.

    Raises `BadModel` for an unknown key, a key without default that is absent, or a value the class refuses.
    """
    known = {field.name for field in fields(kind)}  # type: ignore[arg-type]
    unknown = sorted(set(record) - known)
    if unknown:
        raise BadModel(
            f"The model's {kind.__name__} has the unknown key '{unknown[0]}': it was made by another version "
            "of ALN Desk; update ALN Desk or choose another model."
        )
    values = {key: tuple(value) if isinstance(value, list) else value for key, value in record.items()}
    try:
        return kind(**values)
    except (BadSetting, TypeError, ValueError) as error:
        raise BadModel(f"The model's {kind.__name__} cannot be used ({error}); choose another model.") from error
