"""The classes of an export: tumour and lymph node first, then every other label in the order in which it is met."""

from __future__ import annotations

from collections import Counter

from aln_desk.domain.shape import NODE_LABEL, TUMOUR_LABEL, class_of

_OWN = {1: TUMOUR_LABEL, 2: NODE_LABEL}


class Classes:
    """Numbers from 1 on for labels; words that mean the same lesion (tumour, mass ...) share their number."""

    def __init__(self) -> None:
        self._others: dict[str, int] = {}
        self._words: dict[int, Counter[str]] = {1: Counter(), 2: Counter()}

    def number(self, label: str) -> int:
        """The class of a label, which counts as used from now on."""
        number = class_of(label)
        if not number:
            return self._others.setdefault(label, len(self._others) + 3)
        self._words[number][label] += 1
        return number

    def names(self) -> dict[int, str]:
        """The word of each class by its number; of several words for a lesion the one used most, the first of equals.

        Tumour and lymph node are there even where no outline is of them.
        """
        own = {number: words.most_common(1)[0][0] if words else _OWN[number] for number, words in self._words.items()}
        return own | {number: label for label, number in self._others.items()}
