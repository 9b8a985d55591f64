"""Agreement of two readers on labels, beyond what chance would give."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kappa:
    """``value`` is (observed - expected) / (1 - expected), nan where undefined; then ``reason`` says why.

    ``observed`` is the share of the ``count`` labelled things on which both agree, ``expected`` the share that two
    readers would reach who use their labels as often, but at random; both nan without any.
    """

    value: float
    observed: float
    expected: float
    count: int
    reason: str = ""


def kappa(pairs: Iterable[tuple[Hashable, Hashable]]) -> Kappa:
    """Cohen's kappa, unweighted (Cohen, Educational and Psychological Measurement 20:37, 1960).

    ``pairs`` are the labels that the first and the second reader gave to the same thing: shapes of an image or of a
    whole project (chain the images' pairs, so that every shape counts the same), or images. Undefined without pairs,
    and where both use one and the same label throughout: chance alone would agree too.
    """
    both = Counter(pairs)
    count = both.total()
    if not count:
        return Kappa(math.nan, math.nan, math.nan, 0, "nothing is labelled by both")
    first, second = Counter[Hashable](), Counter[Hashable]()
    for (one, other), times in both.items():
        first[one] += times
        second[other] += times
    agreed = sum(times for (one, other), times in both.items() if one == other)
    chance = sum(times * second[label] for label, times in first.items())  # whole numbers: exact
    observed, expected = agreed / count, chance / count**2
    if chance == count**2:
        return Kappa(math.nan, observed, expected, count, "both use one and the same label throughout")
    return Kappa((observed - expected) / (1 - expected), observed, expected, count)
