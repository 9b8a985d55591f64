"""Table 2: how well every scorer does on every cohort."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence

from aln_desk.domain.scorer import Scorer
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.selection import ThresholdRule
from aln_desk.evaluation.tables import words
from aln_desk.evaluation.tables.table import Table, under_headings
from aln_desk.stats import delong
from aln_desk.stats.delong import Comparison
from aln_desk.stats.operating import Proportion
from aln_desk.stats.ranks import why_undefined

FIGURES = {
    "accuracy": "Accuracy",
    "sensitivity": "Sensitivity",
    "specificity": "Specificity",
    "ppv": "PPV",
    "npv": "NPV",
    "f1": "F1",
}
"""The figures at the threshold: as `operating.Operating` names them, and in words."""

_COMPARATORS = ("clinical", "singlet")
_NO_THRESHOLD = Proportion(math.nan, math.nan, math.nan, "there is no threshold")
_METHODS = (
    "AUC with DeLong's 95 % confidence interval. Figures at the threshold with Wilson's 95 % interval; that of F1 is "
    "Wilson's interval of tp / (tp + fp + fn), transformed. PPV and NPV, the positive and negative predictive value, "
    "hold for the share of positives in the cohort."
)
_UNCERTAIN = "Uncertain: the model leaves the verdict open; the figures at the threshold count these patients too."
_OPTIMISTIC = "This threshold was chosen on the patients shown, so the figures at it are too good to be true."
_TEST = "p: DeLong's two-sided test of two AUCs on the patients who have both scores, not corrected for several tests."

Tests = Mapping[tuple[str, str, str], Comparison]
"""By cohort, scorer's key and reference's key."""


def table_two(results: Results, references: Sequence[str] | None = None, intervals: bool = True) -> Table:
    """A row for each scorer on each cohort.

    ``references`` are keys of scorers that all others are compared with by DeLong's paired test (default:
    `comparators`). ``intervals`` False leaves those of the figures at the threshold out, as the paper does.
    """
    keys = comparators(results.scorers) if references is None else references
    against = [scorer for scorer in results.scorers if scorer.key in keys]
    tests = _tests(results, against)
    open_ones = any(part.uncertain for part in results.parts.values())
    rows, depths = under_headings(
        (cohort.name, [_row(part, against, tests, open_ones, intervals) for part in results.of_cohort(cohort.name)])
        for cohort in results.cohorts
    )
    upper = "At the threshold (95 % CI)" if intervals else "At the threshold"
    spans = (("", 3), (upper, len(FIGURES)), ("", int(open_ones)), ("DeLong's p against", len(against)))
    uncertain = ["Uncertain (%)"] if open_ones else []
    names = [scorer.name for scorer in against]
    return Table(
        "table_2",
        "Performance on each cohort",
        ("Model", "Patients (positive)", "AUC (95 % CI)", *FIGURES.values(), *uncertain, *names),
        rows,
        tuple(_notes(results, tests, open_ones)),
        tuple(span for span in spans if span[1]),
        depths,
        "Table 2",
    )


def comparators(scorers: Sequence[Scorer]) -> tuple[str, ...]:
    """Keys of the scorers that others are compared with: the clinical and the single-T model, told by their names;
    where neither is there the first scorer; none where there is but one.
    """
    if len(scorers) < 2:
        return ()
    plain = {scorer.key: re.sub("[^a-z]", "", scorer.name.casefold()) for scorer in scorers}
    found = [key for key, name in plain.items() if any(word in name for word in _COMPARATORS)]
    return tuple(found) or (scorers[0].key,)


def rule_words(rule: ThresholdRule) -> str:
    """How the thresholds were chosen."""
    match rule.kind:
        case "frozen":
            return "Threshold frozen with the model, before any test"
        case "value":
            return "One threshold for all"
        case "youden":
            return "Threshold of the greatest Youden index in the cohort"
        case "sensitivity":
            return f"Highest threshold that reaches a sensitivity of {words.number(rule.value)} in the cohort"


def threshold_notes(results: Results) -> Iterator[str]:
    """Which thresholds the scorers have, where these come from, and what is wrong with that."""
    yield f"{rule_words(results.selection.rule)}: {'; '.join(_thresholds(results))}."
    if results.selection.rule.uses_outcomes:
        yield _OPTIMISTIC


def left_out_notes(results: Results) -> Iterator[str]:
    """How many patients have no score."""
    told = [f"{_where(part)} {len(part.missing)}" for part in results.parts.values() if part.missing]
    if told:
        yield f"Patients without a score, who are left out: {'; '.join(told)}."


def no_width_notes(places: Mapping[str, float]) -> Iterator[str]:
    """That DeLong's interval means nothing in these places, each with its AUC, and why."""
    perfect = [place for place, auc in places.items() if auc in (0, 1)]
    tied = [place for place in places if place not in perfect]
    if perfect:
        yield f"A score separates the outcomes perfectly, so DeLong's interval has no width: {'; '.join(perfect)}."
    if tied:
        yield f"The score tells no patients apart, so DeLong's interval has no width: {'; '.join(tied)}."


def _where(part: Part) -> str:
    return f"{part.scorer.name} on {part.cohort}"


def _tests(results: Results, against: Sequence[Scorer]) -> Tests:
    tests = {}
    for cohort in results.cohorts if against else ():
        outcome, scores = results.together(cohort.name)
        for scorer in results.scorers:
            for reference in against:
                if scorer is not reference:
                    test = delong.compare(outcome, scores[scorer.key], scores[reference.key])
                    tests[cohort.name, scorer.key, reference.key] = test
    return tests


def _row(part: Part, against: Sequence[Scorer], tests: Tests, open_ones: bool, intervals: bool) -> tuple[str, ...]:
    cells = [
        part.scorer.name,
        f"{len(part.patients)} ({part.positive})",
        words.interval(part.auc, part.low, part.high),
    ]
    cells += [
        words.interval(found.value, found.low, found.high) if intervals else words.number(found.value)
        for found in _figures(part).values()
    ]
    if open_ones:
        undecided = words.share(len(part.uncertain), len(part.patients)) if part.scorer.kind == "model" else words.DASH
        cells.append(undecided)
    for reference in against:
        test = tests.get((part.cohort, part.scorer.key, reference.key))
        cells.append("reference" if test is None else words.p_value(test.p))
    return tuple(cells)


def _figures(part: Part) -> dict[str, Proportion]:
    """The figures at the threshold, by their words."""
    return {word: getattr(part.operating, name, _NO_THRESHOLD) for name, word in FIGURES.items()}


def _notes(results: Results, tests: Tests, open_ones: bool) -> Iterator[str]:
    yield _METHODS
    yield from threshold_notes(results)
    if open_ones:
        yield _UNCERTAIN
    if tests:
        yield _TEST
    yield from left_out_notes(results)
    yield from words.reasons(_undefined(results, tests))
    yield from no_width_notes({_where(part): part.auc for part in results.parts.values() if part.low == part.high})


def _thresholds(results: Results) -> Iterator[str]:
    """``SegFormer 0.512``, or by cohort where they differ."""
    for scorer in results.scorers:
        found = {
            cohort.name: words.number(results.parts[scorer.key, cohort.name].threshold) for cohort in results.cohorts
        }
        if len(set(found.values())) == 1:
            yield f"{scorer.name} {next(iter(found.values()))}"
        else:
            yield f"{scorer.name} {', '.join(f'{value} ({name})' for name, value in found.items())}"


def _undefined(results: Results, tests: Tests) -> Iterator[tuple[str, str, str]]:
    """What is not defined, where, and why."""
    for part in results.parts.values():
        if math.isnan(part.low):
            what, least = ("AUC", 1) if math.isnan(part.auc) else ("interval of the AUC", 2)
            yield f"{what} of {part.scorer.name}", part.cohort, why_undefined(part.outcome, part.score, least)
        for word, found in _figures(part).items():
            what = "figures at the threshold" if found is _NO_THRESHOLD else word
            yield f"{what} of {part.scorer.name}", part.cohort, found.reason
    names = {scorer.key: scorer.name for scorer in results.scorers}
    for (cohort, key, reference), test in tests.items():
        yield f"p of {names[key]} against {names[reference]}", cohort, test.reason
