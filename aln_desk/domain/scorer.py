"""Who gives patients scores that can be evaluated: a model, a reader, other software."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["model", "reader", "import"]


@dataclass(frozen=True, slots=True, eq=False)
class Scorer:
    """One column of scores.

    ``key`` is unique in a project: a model's digest, ``reader:<name>``, ``import:<name>``; ``name`` is for people.
    ``scores`` by patient, higher for more likely metastasis; no entry and nan both mean that there is none. At or
    above ``threshold`` (nan: there is none) a patient is called positive; it was frozen before the tests. ``uncertain``
    patients are those whose verdict the model leaves open. ``probability`` tells whether the scores are meant as
    probabilities in [0, 1], so that calibration and net benefit mean something. ``source`` says where the scores lie
    and their digest, for a report. ``trained_on`` are the patients whom a model's training used, held-out ones too, as
    far as it was recorded.
    """

    key: str
    name: str
    kind: Kind
    scores: Mapping[str, float]
    threshold: float = math.nan
    uncertain: frozenset[str] = frozenset()
    probability: bool = True
    source: str = ""
    trained_on: frozenset[str] = frozenset()
