"""Which image teaches most: uncertain ones and those where model and reader part."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.verdict import InstancePrediction, Placement
from aln_desk.stats.usefulness import Doubt, doubt, entropy, next_most_useful


def disc(radius: float, x: float = 40) -> np.ndarray:
    rows, columns = np.mgrid[:80, :100] + 0.5
    return np.hypot(columns - x, rows - 40) <= radius


def predicted(mask: np.ndarray) -> InstancePrediction:
    cam, token = np.zeros((2, 2), np.float32), np.zeros(4, np.float32)
    return InstancePrediction("P1/a.png", mask, cam, Placement(100, 1, 1, 0, 0), 1.0, -2.0, token)


def test_entropy_of_a_logit() -> None:
    assert entropy(0.0) == pytest.approx(1.0)
    assert entropy(math.log(3)) == pytest.approx(-(0.75 * math.log2(0.75) + 0.25 * math.log2(0.25)))
    assert 0 <= entropy(500.0) < 1e-9


@given(st.floats(-30, 30), st.floats(0.01, 5))
def test_entropy_falls_on_both_sides(logit: float, more: float) -> None:
    assert entropy(logit) == pytest.approx(entropy(-logit))
    assert entropy(abs(logit) + more) < entropy(logit)


def test_what_is_asked_of_one_image() -> None:
    for nothing_drawn in (None, disc(0)):
        asked = doubt(predicted(disc(20)), nothing_drawn)
        assert (asked.instance, asked.lesion_logit, asked.status_logit, asked.drawn) == ("P1/a.png", 1.0, -2.0, False)
    same = doubt(predicted(disc(20)), disc(20))
    assert (same.dice, same.border, same.drawn) == (1.0, 0.0, True)
    moved = doubt(predicted(disc(20, 50)), disc(20))
    assert 0 < moved.dice < 1
    assert moved.border == pytest.approx(0.25, abs=0.03)  # moved by 10 of 40 pixels
    nothing = doubt(predicted(disc(0)), disc(20))
    assert (nothing.dice, nothing.border) == (0.0, math.inf)


def test_masks_of_two_images_cannot_be_compared() -> None:
    with pytest.raises(ValueError):
        doubt(predicted(disc(20)), disc(20)[:70])


def names(*doubts: Doubt) -> list[str]:
    return [one.instance for one in next_most_useful(doubts)]


def test_the_unsure_come_first() -> None:
    assert names(Doubt("sure", 5, -5), Doubt("unsure", 0.1, 0.2), Doubt("half", 1, 1)) == ["unsure", "half", "sure"]


def test_disagreement_counts_where_something_is_drawn() -> None:
    apart, alike = Doubt("apart", 3, 3, 0.2, 0.9), Doubt("alike", 3, 3, 0.95, 0.02)
    waiting = Doubt("waiting", 3, 3)
    assert names(alike, waiting, apart) == ["apart", "waiting", "alike"]
    assert names(Doubt("missed", 3, 3, 0.0, math.inf), apart, alike)[0] == "missed"


def test_every_image_says_why() -> None:
    useful = next_most_useful(
        [
            Doubt("type", 0.0, 6),
            Doubt("status", 6, 0.0),
            Doubt("dice", 7, 7, 0.31, 0.1),
            Doubt("border", 8, 8, 0.9, 0.42),
            Doubt("missed", 9, 9, 0.0, math.inf),
        ]
    )
    assert {one.instance: one.why for one in useful} == {
        "type": "The model is unsure whether this is a lymph node (50 %).",
        "status": "The model's score of this image is undecided (0.50).",
        "dice": "What is drawn and the model's mask overlap by a Dice of 0.31.",
        "border": "The two borders lie up to 42 % of the lesion's diameter apart.",
        "missed": "The model outlines nothing where a lesion is drawn.",
    }


def test_nothing_to_rank() -> None:
    assert next_most_useful([]) == []
    (one,) = next_most_useful([Doubt("only", 0, 0)])
    assert one.score == 0.5


@given(st.lists(st.tuples(st.floats(-9, 9), st.floats(-9, 9), st.floats(0, 1), st.booleans()), max_size=12))
def test_scores_are_shares_and_do_not_depend_on_the_order(rows: list[tuple[float, float, float, bool]]) -> None:
    doubts = [
        Doubt(str(number), lesion, status, *((overlap, 1 - overlap) if drawn else ()))
        for number, (lesion, status, overlap, drawn) in enumerate(rows)
    ]
    scores = {one.instance: one.score for one in next_most_useful(doubts)}
    assert scores == {one.instance: one.score for one in next_most_useful(doubts[::-1])}
    assert all(0 <= score <= 1 for score in scores.values()) and len(scores) == len(doubts)
