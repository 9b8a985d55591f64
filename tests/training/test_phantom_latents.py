"""Who the simulated patients are: proportions, what can be read at best, reproducibility."""

from __future__ import annotations

import math
from dataclasses import astuple

import numpy as np
import pytest

from training.phantom.latents import (
    BIRADS,
    INTERCEPT,
    NODE_WEIGHTS,
    TUMOUR_WEIGHTS,
    NodeSigns,
    TumourSigns,
    cohort_sizes,
    draw_patients,
    latent_report,
    visible,
)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_best_reader_and_the_clinical_variables_reach_what_the_study_promises(seed: int) -> None:
    report = latent_report(2000, seed)
    assert 0.91 < report.best < 0.95
    assert 0.74 < report.tumour < 0.82
    assert 0.56 < report.t_stage < 0.68
    assert 0.56 < report.birads < 0.68
    assert max(report.t_stage, report.birads) < report.clinical < 0.71
    assert 0.61 < report.positive_share < 0.69


def test_best_score_is_the_sigmoid_of_the_stated_formula() -> None:
    for patient in draw_patients(40, 5):
        logit = INTERCEPT + sum(w * z for w, z in zip(TUMOUR_WEIGHTS, astuple(patient.tumour), strict=True))
        if patient.node is not None:
            logit += sum(w * z for w, z in zip(NODE_WEIGHTS, astuple(patient.node), strict=True))
        assert patient.best_score == pytest.approx(1 / (1 + math.exp(-logit)))


def test_best_score_is_calibrated() -> None:
    drawn = draw_patients(6000, 3)
    score = np.array([p.best_score for p in drawn])
    outcome = np.array([p.outcome for p in drawn])
    for low in (0.0, 0.2, 0.4, 0.6, 0.8):
        within = (score >= low) & (score < low + 0.2)
        error = math.sqrt(0.25 / within.sum())
        assert abs(score[within].mean() - outcome[within].mean()) < 4 * error


@pytest.mark.parametrize(
    ("patients", "sizes"),
    [(1557, (1144, 273, 140)), (1, (1, 0, 0)), (2, (2, 0, 0)), (3, (1, 1, 1)), (10, (7, 2, 1))],
)
def test_cohorts_have_the_papers_proportions(patients: int, sizes: tuple[int, int, int]) -> None:
    assert cohort_sizes(patients) == sizes


def test_cohorts_are_split_by_hospital_and_date() -> None:
    drawn = draw_patients(400, 0)
    dates = {name: [p.admission_date for p in drawn if p.cohort == name] for name in ("training", "internal test")}
    assert max(dates["training"]) < min(dates["internal test"])
    assert all((p.hospital == "B") == (p.cohort == "external test") for p in drawn)


def test_bags_and_clinical_variables_are_in_range() -> None:
    drawn = draw_patients(1500, 0)
    assert {p.tumour_images for p in drawn} == {1, 2, 3, 4}
    assert {p.node_images for p in drawn} == {0, 1, 2, 3}
    assert all((p.node is None) == (p.node_images == 0) for p in drawn)
    assert 0.29 < np.mean([p.node is None for p in drawn]) < 0.38
    assert {p.t_stage for p in drawn} == {1, 2, 3, 4}
    assert {p.birads for p in drawn} == set(BIRADS)


def test_signs_of_one_lesion_come_together() -> None:
    drawn = draw_patients(3000, 1)
    tumour = np.corrcoef([astuple(p.tumour) for p in drawn], rowvar=False)
    node = np.corrcoef([astuple(p.node) for p in drawn if p.node], rowvar=False)
    assert np.allclose(tumour[np.triu_indices(4, 1)], 0.3, atol=0.08)
    assert np.allclose(node[np.triu_indices(3, 1)], 0.5, atol=0.08)


def test_a_seed_gives_the_same_patients_and_another_seed_others() -> None:
    scores = [[p.best_score for p in draw_patients(20, seed)] for seed in (7, 7, 8)]
    assert scores[0] == scores[1]
    assert not set(scores[0]) & set(scores[2])


def test_logits_grow_with_every_sign() -> None:
    for index in range(4):
        assert TumourSigns(*np.eye(4)[index]).logit == pytest.approx(TUMOUR_WEIGHTS[index])
    for index in range(3):
        assert NodeSigns(*np.eye(3)[index]).logit == pytest.approx(NODE_WEIGHTS[index])


def test_visible_strength_runs_from_0_to_1() -> None:
    assert visible(0.0) == 0.5
    assert visible(-9.0) == pytest.approx(0.0)
    assert visible(9.0) == pytest.approx(1.0)
