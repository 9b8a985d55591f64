from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

from aln_desk.stats.multiple import holm

P = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 0.01, 0.05, 1.0]))


def test_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]).tolist() == pytest.approx([0.03, 0.06, 0.06, 0.02])


def test_a_nan_stays_and_does_not_count() -> None:
    assert holm([0.02, math.nan, 0.03]).tolist() == pytest.approx([0.04, math.nan, 0.04], nan_ok=True)


@settings(max_examples=25)  # statsmodels collects garbage at every call
@given(st.lists(P, min_size=1, max_size=30))
def test_agrees_with_statsmodels(p: list[float]) -> None:
    np.testing.assert_allclose(holm(p), multipletests(p, method="holm")[1], rtol=1e-12)


@given(st.lists(P, max_size=12))
def test_each_p_keeps_its_place_and_never_falls(p: list[float]) -> None:
    adjusted = holm(p)
    assert (adjusted >= np.array(p)).all() and (adjusted <= 1).all()
    np.testing.assert_array_equal(holm(p[::-1]), adjusted[::-1])


def test_the_shape_is_kept() -> None:
    assert holm([[0.01, 0.5], [math.nan, 0.2]]).shape == (2, 2)
    assert holm([]).shape == (0,)


@pytest.mark.parametrize("p", [-0.01, 1.01, math.inf])
def test_what_is_no_p_is_refused(p: float) -> None:
    with pytest.raises(ValueError):
        holm([0.5, p])
