from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadModel
from aln_desk.domain.verdict import decide
from aln_desk.models.verdict_rule import VerdictRule, to_logit
from aln_desk.stats.calibration import Calibration
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm

shares = st.floats(0, 1)
fusions = st.builds(
    LogisticModel,
    st.floats(-3, 3),
    st.just((CategoryTerm("t_stage", {"T1": 0.0, "T3": 1.25}), NumberTerm("age", 52.0, 0.03))),
    st.floats(0.1, 3),
)
rules = st.builds(
    VerdictRule,
    st.floats(0.02, 0.98),
    st.builds(Calibration, st.floats(0.05, 5), st.floats(-4, 4)),
    st.none() | st.builds(Conformal, st.floats(0.01, 0.5), shares, shares | st.just(math.inf)),
    st.none() | fusions,
)
clinicals = st.sampled_from([{}, {"t_stage": "T3"}, {"t_stage": "T1", "age": "70"}])


@given(rules, clinicals, st.floats(1e-3, 10))
def test_the_threshold_is_crossed_at_the_tipping_logit(
    rule: VerdictRule, clinical: dict[str, str], step: float
) -> None:
    tipping = rule.tipping_logit(clinical)
    assert rule.score(tipping, clinical) == pytest.approx(rule.threshold, abs=1e-9)
    assert rule.score(tipping + step, clinical) > rule.threshold > rule.score(tipping - step, clinical)


@given(rules, shares)
def test_a_decision_is_the_threshold_s_or_uncertain(rule: VerdictRule, score: float) -> None:
    called, decision = decide(score, rule.threshold), rule.decide(score)
    if rule.conformal is None:
        assert decision == called
    else:
        possible = rule.conformal.region(score)
        assert decision == ("uncertain" if (0 if called == "positive" else 1) in possible else called)


def test_three_answers_along_the_score() -> None:
    rule = VerdictRule(0.5, conformal=Conformal(0.1, quantile_negative=0.6, quantile_positive=0.7))
    words = [rule.decide(score) for score in (0.29, 0.31, 0.49, 0.6, 0.61)]
    assert words == ["negative", "uncertain", "uncertain", "uncertain", "positive"]


def test_where_neither_outcome_fits_the_threshold_decides() -> None:
    """A model better than the accepted error needs no uncertain verdicts: wrong ones are rare enough as it is."""
    rule = VerdictRule(0.5, conformal=Conformal(0.3, quantile_negative=0.2, quantile_positive=0.2))
    assert [rule.decide(score) for score in (0.1, 0.4, 0.6, 0.9)] == ["negative", "negative", "positive", "positive"]


def test_a_plain_rule_is_the_sigmoid() -> None:
    rule = VerdictRule(0.4)
    assert rule.score(-0.4054651, {"t_stage": "T3"}) == pytest.approx(0.4)
    assert rule.tipping_logit({}) == pytest.approx(-0.4054651)
    assert [rule.score(logit, {}) for logit in (-1e9, 1e9)] == [0.0, 1.0]


def test_clinical_variables_alone_make_a_score() -> None:
    rule = VerdictRule(0.5, fusion=LogisticModel(-1.0, (CategoryTerm("t_stage", {"T3": 2.0}),)))
    assert rule.score(None, {"t_stage": "T3"}) == pytest.approx(0.7310586)
    assert math.isnan(rule.tipping_logit({}))
    with pytest.raises(ValueError, match="needs the bag's logit"):
        VerdictRule(0.5).score(None, {})


@given(rules)
def test_a_manifest_keeps_it_as_strict_json(rule: VerdictRule) -> None:
    stored = json.loads(json.dumps(rule.to_manifest(), allow_nan=False))
    assert VerdictRule.from_manifest(stored, "here") == rule


def test_a_manifest_may_hold_the_threshold_alone() -> None:
    assert VerdictRule.from_manifest({"threshold": 1}, "here") == VerdictRule(1.0)


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["slope", "shift", "error", "quantile_negative", "quantile_positive", "intercept", "image", "terms"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(["threshold", "calibration", "conformal", "fusion", "kind"]), json_values))
def test_any_other_manifest_is_refused_in_a_sentence(manifest: dict[str, object]) -> None:
    try:
        rule = VerdictRule.from_manifest({"threshold": 0.5, **manifest}, "models/abc")
    except BadModel as error:
        assert str(error).startswith("models/abc: ") and str(error).endswith(".")
    else:
        assert 0 <= rule.threshold <= 1


@pytest.mark.parametrize(("threshold", "logit"), [(0.0, -13.8155), (0.4, -0.4054651), (0.5, 0.0), (1.0, 13.8155)])
def test_the_logit_of_a_threshold_is_finite(threshold: float, logit: float) -> None:
    assert to_logit(threshold) == pytest.approx(logit, abs=1e-3)
