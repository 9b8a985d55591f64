"""What a hospital knows of simulated patients: plausible values, and the best score that can be made of them."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from aln_desk.stats.roc import auc
from training.phantom import clinical
from training.phantom.clinical import COLUMNS, GRADED, best_clinical
from training.phantom.latents import SimulatedPatient, draw_patients


@pytest.fixture(scope="module")
def drawn() -> list[SimulatedPatient]:
    return [p for p in draw_patients(4000, 2) if p.cohort == "training"]


def shares(drawn: list[SimulatedPatient], name: str) -> dict[str, float]:
    counts = Counter(p.clinical[name] for p in drawn)
    return {level: count / len(drawn) for level, count in counts.items()}


def test_every_patient_has_every_variable_and_levels_that_a_hospital_writes(drawn: list[SimulatedPatient]) -> None:
    assert all(tuple(p.clinical) == COLUMNS for p in drawn)
    assert all(24 <= int(p.clinical["age"]) <= 88 for p in drawn)
    assert set(shares(drawn, "t_stage")) == {"1", "2", "3", "4"}
    assert set(shares(drawn, "birads")) == {"", "4A", "4B", "4C", "5"}
    assert set(shares(drawn, "ki67")) == {"", "1-10", "11-50", "51-100"}
    assert set(shares(drawn, "pathological_type")) == {"", "invasive ductal", "invasive lobular", "other"}
    assert all(set(shares(drawn, name)) == {"", "negative", "positive"} for name in ("er", "pr", "her2"))
    assert shares(drawn, "t_stage")["1"] + shares(drawn, "t_stage")["2"] > 0.8


def test_values_are_missing_now_and_then_and_receptors_together(drawn: list[SimulatedPatient]) -> None:
    missing = {name: shares(drawn, name).get("", 0.0) for name in COLUMNS}
    assert missing["age"] == missing["t_stage"] == 0
    assert all(0.002 < missing[name] < 0.08 for name in set(COLUMNS) - {"age", "t_stage"})
    assert all(len({p.clinical[name] == "" for name in ("er", "pr", "her2")}) == 1 for p in drawn)


@pytest.mark.parametrize("variable", GRADED, ids=lambda variable: variable.name)
def test_levels_come_as_often_as_their_chances_and_rise_with_the_signs(variable: clinical.Graded) -> None:
    rng = np.random.default_rng(0)
    signs = np.array([1.0, 0.5, -0.5, 0.2])
    found = Counter(variable.draw(rng, signs) for _ in range(4000))
    chances = variable.chances(signs[None])[0]
    assert chances.sum() == pytest.approx(1.0) and (chances > 0).all()
    for level, chance in zip(variable.levels, chances, strict=True):
        assert found[level] / 4000 == pytest.approx(chance * (1 - variable.missing), abs=0.03)
    low, high = (variable.chances(np.full((1, 4), sign))[0] @ np.arange(len(variable.levels)) for sign in (-1, 1))
    assert high > low + 0.5


def test_the_best_score_is_what_counting_patients_gives() -> None:
    """Among many patients of the same variables, the share of positive ones."""
    drawn = draw_patients(8_000, 9)
    groups: dict[tuple[str, ...], list[SimulatedPatient]] = {}
    for p in drawn:
        if p.cohort == "training":
            groups.setdefault(tuple(p.clinical[v.name] for v in GRADED), []).append(p)
    large = [group for group in groups.values() if len(group) > 100]
    assert len(large) > 10
    for group in large:
        share = np.mean([p.outcome for p in group])
        assert abs(share - group[0].best_clinical) < 3.5 * np.sqrt(share * (1 - share) / len(group))


def test_integration_has_points_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [{"t_stage": t, "birads": b, "ki67": k} for t, b, k in (("4", "5", ""), ("1", "4A", "1-10"), ("2", "", ""))]
    found = [best_clinical(one, 0.1) for one in asked]
    monkeypatch.setattr(clinical, "_POINTS", 18)
    clinical._chance.cache_clear()
    assert [best_clinical(one, 0.1) for one in asked] == pytest.approx(found, abs=1e-5)
    clinical._chance.cache_clear()


def test_without_any_value_the_best_score_is_the_share_of_positive_patients() -> None:
    from training.phantom.risk import positive_share

    nothing = dict.fromkeys(COLUMNS, "")
    assert best_clinical(nothing, 0.074) == pytest.approx(positive_share(0.074), abs=1e-4)


def test_age_type_and_receptors_are_noise(drawn: list[SimulatedPatient]) -> None:
    outcome = np.array([p.outcome for p in drawn])
    for name in ("age", "pathological_type", "er", "pr", "her2"):
        known = np.array([p.clinical[name] != "" for p in drawn])
        values = [p.clinical[name] for p in drawn if p.clinical[name]]
        order = {level: place for place, level in enumerate(sorted(set(values)))}
        assert abs(auc(outcome[known], np.array([float(order[v]) for v in values])) - 0.5) < 0.04
