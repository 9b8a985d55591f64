"""Findings on images and bags as rows of a table: means over them, with limits by drawing patients again."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from aln_desk.stats import bootstrap
from aln_desk.stats.bootstrap import Estimate, Rows
from aln_desk.stats.explanation import area_under, rank_correlation, top_agreement
from aln_desk.stats.ranks import Floats
from training.explanation.bags import BagFinding
from training.explanation.curves import Curves
from training.explanation.images import ImageFinding, Pointing

EVERYONE = "all"


@dataclass(frozen=True, slots=True)
class Row:
    """One figure with its 95 % limits: of ``counted`` images (or bags) of ``patients``, those for which it is defined.

    ``part`` is the heading it belongs under, ``group`` whom it was measured on; ``reason`` says why limits are missing.
    """

    part: str
    measure: str
    group: str
    value: float
    low: float
    high: float
    counted: int
    patients: int
    reason: str = ""


def image_rows(found: Sequence[ImageFinding], cohort_of: Callable[[str], str]) -> Iterator[Row]:
    """Rows of all images, and by cohort, view and lesions that leave most of the image free."""
    for group, members in _groups(found, cohort_of).items():
        patients = [one.taught.instance.patient for one in members]
        for (part, name), values in _image_values(members).items():
            yield _row(part, name, group, mean(values, patients), values, patients)
        for name, drawn in _drawn_anew(members).items():
            yield _row("Parameters drawn anew", name, group, mean_over_draws(drawn, patients), drawn[:, 0], patients)


def bag_rows(found: Sequence[BagFinding]) -> Iterator[Row]:
    """Rows of the agreement with the truth, over all patients and by cohort; none without patients."""
    cohorts = sorted({one.patient.cohort for one in found})
    groups = {EVERYONE: list(found)} if found else {}
    if len(cohorts) > 1:
        groups |= {name: [one for one in found if one.patient.cohort == name] for name in cohorts}
    for group, members in groups.items():
        yield from _within(members, group)
        yield from _between(members, group)
        yield _signed(members, group)


def mean(values: Floats, patients: Sequence[str]) -> Estimate:
    """Mean of the values (n,) that are defined, with limits by drawing patients again."""
    kept = ~np.isnan(values)
    summands = np.stack([values[kept], np.ones(kept.sum())], axis=1)
    return bootstrap.interval_of_sums(_ratio, summands, np.asarray(patients)[kept])


def mean_over_draws(values: Floats, patients: Sequence[str]) -> Estimate:
    """Mean of the values (n, draws), with limits by drawing patients again and, apart from them, the random draws.

    Owen & Eckles, "Bootstrapping data arrays of arbitrary order", Annals of Applied Statistics 6:895, 2012: what was
    drawn at random varies more than the patients do. One draw alone varies with the patients only.
    """
    names, code, count = np.unique(patients, return_inverse=True, return_counts=True)
    sums = np.zeros((len(names), values.shape[1]))
    np.add.at(sums, code, values)
    if len(names) < 2:
        return Estimate(float(values.mean()), math.nan, math.nan, "a single patient does not vary")
    random = np.random.default_rng(0)
    people, drawn = (
        bootstrap.counted(random.integers(size, size=(bootstrap.RESAMPLES, size)), size) for size in sums.shape
    )
    replicates = np.einsum("rp,pd,rd->r", people, sums, drawn) / (people @ count * values.shape[1])
    return bootstrap.percentile(float(values.mean()), replicates)


def mean_curve(curves: Sequence[Floats], patients: Sequence[str]) -> NDArray[np.float64]:
    """(points, 3): mean of the curves at each point, and its limits."""
    columns = np.stack(curves).T
    each = (mean(column, patients) for column in columns)
    return np.array([(one.value, one.low, one.high) for one in each])


def _groups(found: Sequence[ImageFinding], cohort_of: Callable[[str], str]) -> dict[str, list[ImageFinding]]:
    groups = {EVERYONE: list(found)}
    cohorts = sorted({cohort_of(one.taught.instance.patient) for one in found})
    for cohort in cohorts if len(cohorts) > 1 else ():
        groups[cohort] = [one for one in found if cohort_of(one.taught.instance.patient) == cohort]
    for view in View:
        groups["node images" if view is View.NODE else "tumour images"] = [
            one for one in found if one.taught.instance.view is view
        ]
    if any(one.large for one in found):
        groups["lesion in less than half of the image"] = [one for one in found if not one.large]
    return {name: members for name, members in groups.items() if members}


def _image_values(found: Sequence[ImageFinding]) -> dict[tuple[str, str], Floats]:
    """By part and measure, a value an image; nan where it is not defined."""
    area = np.array([one.area for one in found])
    columns = {("Pointing and energy", "lesion's share of the area"): area}
    maps: dict[str, list[Pointing | None]] = {
        "CAM": [one.pointing for one in found],
        "CAM without mask attention": [one.uniform for one in found],
    }
    for name, points in maps.items():
        known = [one for one in points if one is not None]
        if len(known) == len(found):
            columns["Pointing and energy", f"{name}: largest evidence in the lesion"] = _array(p.hit for p in known)
            columns["Pointing and energy", f"{name}: or within 3 % of the side"] = _array(p.near for p in known)
            energy = _array(p.energy for p in known)
            columns["Pointing and energy", f"{name}: energy in the lesion"] = energy
            columns["Pointing and energy", f"{name}: energy above the share of the area"] = energy - area
    drawn = [one.curves for one in found if one.curves is not None]
    if len(drawn) == len(found):
        columns |= _areas(drawn)
    return columns


def _drawn_anew(found: Sequence[ImageFinding]) -> dict[str, Floats]:
    """By measure, a correlation (images, draws)."""
    columns = {}
    for name in found[0].signed:
        columns[f"down to {name}: correlation"] = np.stack([one.signed[name] for one in found])
        columns[f"down to {name}: correlation of sizes"] = np.stack([one.absolute[name] for one in found])
    return columns


def _areas(drawn: Sequence[Curves]) -> dict[tuple[str, str], Floats]:
    part = "Deletion and insertion"
    deletion, insertion, random = (
        _array(area_under(getattr(one, name)) for one in drawn) for name in ("deletion", "insertion", "random")
    )
    return {
        (part, "area under deletion (less is better)"): deletion,
        (part, "area under insertion (more is better)"): insertion,
        (part, "area in a random order"): random,
        (part, "deletion less random"): deletion - random,
        (part, "insertion less random"): insertion - random,
    }


def _within(found: Sequence[BagFinding], group: str) -> Iterator[Row]:
    """Agreement of the images' ranking within each patient; defined where the images differ in truth."""
    patients = [one.patient.id for one in found]
    measures = {"Spearman within a patient": rank_correlation, "the image that matters most is right": top_agreement}
    for name, measure in measures.items():
        share = _array(measure(one.share, one.true_share) for one in found)
        weight = _array(measure(one.weight, one.true_share) for one in found)
        columns = {"Shapley share": share, "attention weight": weight, "Shapley less attention": share - weight}
        nodes = _array(measure(one.node, one.true_share) for one in found)
        columns["node images first, whatever they show"] = np.where(np.isnan(share), np.nan, nodes)
        for which, values in columns.items():
            yield _row("Images in the verdict", f"{which}: {name}", group, mean(values, patients), values, patients)


def _between(found: Sequence[BagFinding], group: str) -> Iterator[Row]:
    """Agreement over patients: where the node matters more in truth, do its images have more of the verdict?"""
    both = [one for one in found if 0 < one.node.sum() < len(one.node)]
    patients = [one.patient.id for one in both]
    truth, share, weight = (
        _array(getattr(one, name)[one.node].sum() for one in both) for name in ("true_share", "share", "weight")
    )

    def of(values: Floats) -> Callable[[Rows], float]:
        return lambda rows: rank_correlation(values[rows], truth[rows])

    def less(rows: Rows) -> float:
        return of(share)(rows) - of(weight)(rows)

    statistics = {"Shapley share": of(share), "attention weight": of(weight), "Shapley less attention": less}
    for which, statistic in statistics.items():
        estimate = bootstrap.interval(statistic, patients)
        yield _row(
            "Images in the verdict",
            f"{which}: Spearman over patients of the node's part",
            group,
            estimate,
            truth,
            patients,
        )


def _signed(found: Sequence[BagFinding], group: str) -> Row:
    """Over all images, the Shapley value with its sign; a weight has none."""
    patients = [one.patient.id for one in found for _ in one.value]
    value, truth = (np.concatenate([getattr(one, name) for one in found]) for name in ("value", "truth"))
    estimate = bootstrap.interval(lambda rows: rank_correlation(value[rows], truth[rows]), patients)
    return _row(
        "Images in the verdict", "Shapley value with its sign: Spearman over images", group, estimate, value, patients
    )


def _row(part: str, measure: str, group: str, found: Estimate, values: Floats, patients: Sequence[str]) -> Row:
    kept = ~np.isnan(values)
    people = len(set(np.asarray(patients)[kept].tolist()))
    return Row(part, measure, group, found.value, found.low, found.high, int(kept.sum()), people, found.reason)


def _ratio(sums: Floats) -> Floats:
    ratio: Floats = sums[..., 0] / sums[..., 1]
    return ratio


def _array(values: Iterable[float]) -> Floats:
    return np.array(list(values), dtype=np.float64)
