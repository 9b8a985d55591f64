"""Who the simulated patients are: proportions, images, marks, what each best score is, reproducibility."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import astuple, replace

import numpy as np
import pytest

from aln_desk.stats.roc import auc_interval
from training.phantom import risk
from training.phantom.latents import (
    COHORTS,
    SCANNERS,
    SHORTCUTS,
    CohortPlan,
    NodeSigns,
    SimulatedPatient,
    TumourSigns,
    cohort_sizes,
    draw_patients,
    visible,
)
from training.phantom.report import latent_report

POSITIVE = {"training": 0.642, "internal test": 0.674, "external test": 0.671}
IMAGES = {
    "training": (1875 / 1144, 970 / 1144),
    "internal test": (405 / 273, 183 / 273),
    "external test": (221 / 140, 126 / 140),
}
BEST: dict[str, tuple[float, Callable[[SimulatedPatient], float]]] = {
    "clinical": (0.70, lambda p: p.best_clinical),
    "tumour": (0.78, lambda p: p.best_tumour),
    "all signs shown": (0.93, lambda p: p.best_score),
}


@pytest.fixture(scope="module")
def many() -> list[SimulatedPatient]:
    return draw_patients(20_500, 11)


def of_cohort(patients: list[SimulatedPatient], name: str) -> list[SimulatedPatient]:
    return [p for p in patients if p.cohort == name]


def within(values: list[float], expected: float, deviations: float = 3.5) -> bool:
    return abs(np.mean(values) - expected) < deviations * np.std(values) / math.sqrt(len(values))


@pytest.mark.parametrize("reader", BEST)
def test_the_best_readers_reach_what_the_study_promises(many: list[SimulatedPatient], reader: str) -> None:
    expected, score = BEST[reader]
    value, low, high = auc_interval([p.outcome for p in many], [score(p) for p in many])
    error = (high - low) / (2 * 1.96)
    assert error < 0.005
    assert abs(value - expected) < 3 * error


@pytest.mark.parametrize("reader", BEST)
@pytest.mark.parametrize("cohort", POSITIVE)
def test_they_reach_about_that_in_every_cohort(many: list[SimulatedPatient], cohort: str, reader: str) -> None:
    """More node images, higher best score: 64 % of the internal test cohort have one, 74 % of the external."""
    expected, score = BEST[reader]
    patients = of_cohort(many, cohort)
    value, low, high = auc_interval([p.outcome for p in patients], [score(p) for p in patients])
    assert abs(value - expected) < 3 * (high - low) / (2 * 1.96) + 0.008


@pytest.mark.parametrize("reader", BEST)
def test_every_best_score_is_the_chance_that_it_says(many: list[SimulatedPatient], reader: str) -> None:
    """In tenths of the score, the share of positive patients is the mean score."""
    score = np.array([BEST[reader][1](p) for p in many])
    outcome = np.array([p.outcome for p in many])
    for tenth in np.array_split(np.argsort(score), 10):
        error = math.sqrt(max(score[tenth].mean() * (1 - score[tenth].mean()), 1e-3) / len(tenth))
        assert abs(score[tenth].mean() - outcome[tenth].mean()) < 3.5 * error


@pytest.mark.parametrize("plan", COHORTS, ids=lambda plan: plan.name)
def test_positive_shares_and_images_are_the_papers(many: list[SimulatedPatient], plan: CohortPlan) -> None:
    patients = of_cohort(many, plan.name)
    assert risk.positive_share(plan.shift) == pytest.approx(POSITIVE[plan.name], abs=5e-4)
    assert within([p.outcome for p in patients], POSITIVE[plan.name])
    assert within([p.tumour_images for p in patients], IMAGES[plan.name][0])
    assert within([p.node_images for p in patients], IMAGES[plan.name][1])


def test_most_patients_have_one_or_two_tumour_images(many: list[SimulatedPatient]) -> None:
    assert {p.tumour_images for p in many} == {1, 2, 3, 4}
    assert {p.node_images for p in many} == {0, 1, 2, 3}
    assert np.mean([p.tumour_images <= 2 for p in many]) > 0.8


def test_a_node_image_is_absent_in_three_of_ten_whatever_the_outcome(many: list[SimulatedPatient]) -> None:
    assert all((p.node is None) == (p.node_images == 0) for p in many)
    assert np.mean([p.node is None for p in many]) == pytest.approx(0.30, abs=0.02)
    for plan in COHORTS:
        patients = of_cohort(many, plan.name)
        for outcome in (0, 1):
            assert within([float(p.node is not None) for p in patients if p.outcome == outcome], plan.node_seen)


def test_best_score_is_the_sigmoid_of_the_stated_formula() -> None:
    for patient in draw_patients(60, 5):
        logit = risk.INTERCEPT + np.dot(risk.TUMOUR_WEIGHTS, astuple(patient.tumour))
        if patient.node is None:
            assert patient.best_score == patient.best_tumour
        else:
            logit += np.dot(risk.NODE_WEIGHTS, astuple(patient.node))
            assert patient.best_score == pytest.approx(1 / (1 + math.exp(-logit)))


def test_the_tumours_chance_is_the_mean_over_nodes() -> None:
    rng = np.random.default_rng(0)
    common, own = rng.standard_normal((200_000, 1)) + 0.5, rng.standard_normal((200_000, 3))
    nodes = math.sqrt(risk.NODE_CORRELATION) * common + math.sqrt(1 - risk.NODE_CORRELATION) * own
    logits = nodes @ np.array(risk.NODE_WEIGHTS)
    for tumour in (-4.0, 0.0, 3.0):
        drawn = np.mean(1 / (1 + np.exp(-(risk.INTERCEPT + tumour + logits))))
        assert risk.chance_of_tumour([tumour], 0.5)[0] == pytest.approx(drawn, abs=0.004)


@pytest.mark.parametrize(
    ("patients", "sizes"),
    [
        (1557, (1144, 273, 140)),
        (1, (1, 0, 0)),
        (2, (2, 0, 0)),
        (3, (1, 1, 1)),
        (10, (6, 2, 2)),
        (60, (36, 12, 12)),
        (200, (147, 35, 18)),
    ],
)
def test_cohorts_have_the_papers_proportions(patients: int, sizes: tuple[int, int, int]) -> None:
    assert cohort_sizes(patients) == sizes


def test_cohorts_are_split_by_hospital_and_date() -> None:
    drawn = draw_patients(400, 0)
    dates = {name: [p.admission_date for p in of_cohort(drawn, name)] for name in ("training", "internal test")}
    assert max(dates["training"]) < min(dates["internal test"])
    assert all((p.hospital == "B") == (p.cohort == "external test") for p in drawn)


def test_scanners_are_the_hospitals_own_all_alike_often_and_know_no_outcome(many: list[SimulatedPatient]) -> None:
    for hospital, names in SCANNERS.items():
        patients = [p for p in many if p.hospital == hospital]
        assert {p.scanner for p in patients} == set(names)
        for outcome in (0, 1):
            for name in names:
                assert within([float(p.scanner == name) for p in patients if p.outcome == outcome], 1 / len(names))


def test_signs_of_one_lesion_come_together_and_know_nothing_of_the_other(many: list[SimulatedPatient]) -> None:
    both = [p for p in of_cohort(many, "training") if p.node]
    signs = np.array([(*astuple(p.tumour), *astuple(p.node)) for p in both if p.node])
    found = np.corrcoef(signs, rowvar=False)
    assert np.allclose(signs.mean(axis=0), 0, atol=0.04) and np.allclose(signs.std(axis=0), 1, atol=0.03)
    assert np.allclose(found[:4, :4][np.triu_indices(4, 1)], risk.TUMOUR_CORRELATION, atol=0.04)
    assert np.allclose(found[4:, 4:][np.triu_indices(3, 1)], risk.NODE_CORRELATION, atol=0.04)
    assert np.allclose(found[:4, 4:], 0, atol=0.04)


@pytest.mark.parametrize("shortcut", SHORTCUTS)
def test_a_mark_tells_the_outcome_in_the_training_cohort_only(shortcut: str) -> None:
    drawn = draw_patients(4000, 4, shortcut)  # type: ignore[arg-type]
    assert {p.mark for p in drawn} == ({""} if shortcut == "none" else {"", shortcut})
    if shortcut == "none":
        return
    for cohort in POSITIVE:
        for outcome in (0, 1):
            marked = [float(p.mark != "") for p in of_cohort(drawn, cohort) if p.outcome == outcome]
            assert within(marked, (0.1, 0.9)[outcome] if cohort == "training" else 0.5)


def test_a_shortcut_changes_nothing_but_the_mark() -> None:
    without, *marked = (draw_patients(200, 4, shortcut) for shortcut in SHORTCUTS)
    for patients in marked:
        for plain, other in zip(without, patients, strict=True):
            assert replace(other, mark="", seed=plain.seed) == plain
            assert (other.seed.entropy, other.seed.spawn_key) == (plain.seed.entropy, plain.seed.spawn_key)


def test_a_seed_gives_the_same_patients_and_another_seed_others() -> None:
    scores = [[p.best_score for p in draw_patients(20, seed)] for seed in (7, 7, 8)]
    assert scores[0] == scores[1]
    assert not set(scores[0]) & set(scores[2])


def test_logits_grow_with_the_signs_as_stated() -> None:
    for index in range(4):
        assert TumourSigns(*np.eye(4)[index]).logit == pytest.approx(risk.TUMOUR_WEIGHTS[index])
    for index in range(3):
        assert NodeSigns(*np.eye(3)[index]).logit == pytest.approx(risk.NODE_WEIGHTS[index])


def test_visible_strength_runs_from_0_to_1() -> None:
    assert visible(0.0) == 0.5
    assert visible(-9.0) == pytest.approx(0.0)
    assert visible(9.0) == pytest.approx(1.0)


def test_the_report_is_of_the_study_that_is_drawn() -> None:
    report = latent_report(1557, 1)
    assert [(row.cohort, row.patients) for row in report.rows] == [
        ("training", 1144),
        ("internal test", 273),
        ("external test", 140),
        ("all", 1557),
    ]
    drawn = of_cohort(draw_patients(1557, 1), "external test")
    row = report["external test"]
    assert row.positive_share == np.mean([p.outcome for p in drawn])
    assert row.best == auc_interval([p.outcome for p in drawn], [p.best_score for p in drawn])[0]
    assert row.clinical < row.tumour < row.best
    assert f"| external test | 140 | {row.positive_share:.1%} |" in str(report)


def test_a_report_of_too_few_patients_says_nan() -> None:
    report = latent_report(1, 0)
    assert [row.cohort for row in report.rows] == ["training", "all"]
    assert math.isnan(report["all"].best)
