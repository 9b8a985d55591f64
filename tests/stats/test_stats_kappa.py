"""Cohen's kappa against its definition and a worked example."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.stats.kappa import kappa

pairs_of_labels = st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=1, max_size=30)


def test_a_worked_example() -> None:
    """50 grants read twice: 20 both yes, 15 both no, 5 yes and no, 10 no and yes."""
    table = {("yes", "yes"): 20, ("yes", "no"): 5, ("no", "yes"): 10, ("no", "no"): 15}
    found = kappa(pair for pair, times in table.items() for _ in range(times))
    assert (found.observed, found.expected, found.count) == (0.7, 0.5, 50)
    assert found.value == pytest.approx(0.4) and found.reason == ""


def test_labels_at_odds_are_worse_than_chance() -> None:
    assert kappa([("a", "b"), ("b", "a")]).value == -1


def test_nothing_to_compare_is_undefined() -> None:
    found = kappa([])
    assert math.isnan(found.value) and math.isnan(found.observed) and found.count == 0
    assert "nothing" in found.reason


def test_one_label_throughout_is_undefined_though_all_agree() -> None:
    found = kappa([("tumor", "tumor")] * 7)
    assert math.isnan(found.value) and found.observed == found.expected == 1 and "throughout" in found.reason


def test_one_label_each_but_different_ones_is_no_better_than_chance() -> None:
    assert kappa([("a", "b")] * 7).value == 0


@given(pairs_of_labels)
def test_kappa_is_its_definition(pairs: list[tuple[str, str]]) -> None:
    count = len(pairs)
    observed = sum(a == b for a, b in pairs) / count
    expected = sum(sum(a == x for a, _ in pairs) * sum(b == x for _, b in pairs) for x in "abc") / count**2
    found = kappa(pairs)
    if expected == 1:
        assert math.isnan(found.value)
    else:
        assert found.value == pytest.approx((observed - expected) / (1 - expected))
        assert found.value == pytest.approx(kappa([(b, a) for a, b in pairs]).value)
        assert -1 <= found.value <= 1


@given(pairs_of_labels, st.permutations(["a", "b", "c"]))
def test_names_do_not_matter(pairs: list[tuple[str, str]], names: list[str]) -> None:
    renamed = dict(zip("abc", names, strict=True))
    value = kappa([(renamed[a], renamed[b]) for a, b in pairs]).value
    assert value == pytest.approx(kappa(pairs).value, nan_ok=True)
