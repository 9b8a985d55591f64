from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import Verdict
from aln_desk.gui.query import PatientRow, bears, complaint, matches, split


def row(signed: bool = False, verdict: Verdict | None = None) -> PatientRow:
    views = (View.TUMOUR, View.TUMOUR, View.NODE)
    bag = tuple(Instance(f"P-0412/{place}.png", "P-0412", view, "", "") for place, view in enumerate(views))
    return PatientRow(Patient("P-0412", "Internal test", 1, bag=bag), verdict, 2, signed)


POSITIVE = row(verdict=Verdict("P-0412", 0.87, 0.5, "m"))
UNCERTAIN = row(verdict=Verdict("P-0412", 0.52, 0.5, "m", uncertain=True))


@pytest.mark.parametrize(
    "query",
    [
        "",
        "0412",
        "p-04 INTERNAL",
        "outcome:1",
        "outcome:positive",
        "verdict:positive",
        "verdict:pos",
        "nodes:1",
        "nodes:>0",
        "nodes:>=1 tumours:<3",
        "cohort:internal",
        "images:3",
        "score:>0.5",
        "signed:no",
        "verdict:",
    ],
)
def test_words_that_fit(query: str) -> None:
    assert matches(query, POSITIVE)


@pytest.mark.parametrize(
    "query",
    [
        "0413",
        "outcome:0",
        "outcome:unknown",
        "outcome:maybe",
        "verdict:negative",
        "verdict:none",
        "nodes:0",
        "nodes:many",
        "nodes:>1",
        "cohort:training",
        "score:<0.5",
        "signed:yes",
        "0412 outcome:0",
        "colour:red",
    ],
)
def test_words_that_do_not_fit(query: str) -> None:
    assert not matches(query, POSITIVE)


def test_an_uncertain_verdict_is_neither_positive_nor_negative() -> None:
    assert matches("verdict:uncertain score:>0.5", UNCERTAIN) and matches("verdict:un", UNCERTAIN)
    assert not any(matches(f"verdict:{word}", UNCERTAIN) for word in ("positive", "negative", "none"))
    assert not matches("verdict:uncertain", POSITIVE)


def test_without_a_verdict_only_none_fits() -> None:
    assert matches("verdict:none", row())
    assert not matches("verdict:positive", row())
    assert not matches("score:>0", row())


@given(st.text())
def test_any_text_has_an_answer(query: str) -> None:
    assert matches(query, POSITIVE) in (True, False)


@given(st.lists(st.sampled_from(["outcome:1", "nodes:>0", "0412", "verdict:negative"])))
def test_every_word_must_fit(words: list[str]) -> None:
    assert matches(" ".join(words), POSITIVE) == all(matches(word, POSITIVE) for word in words)


def test_a_word_that_is_none_is_named_with_those_there_are() -> None:
    sentence = complaint("P-04 outcome:1 foo:bar")
    assert sentence.startswith('"foo" is no word of the query; known: outcome, verdict,')
    assert complaint("P-04 outcome:1 foo") == ""


@given(st.lists(st.sampled_from(["p-04", "INTERNAL", "zz", "a:b", "nodes:1", "nodes:7", "Outcome:1", "score:", ":"])))
def test_names_and_other_words_fit_apart_as_they_do_together(words: list[str]) -> None:
    query = " ".join(words)
    names, others = split(query)
    assert (bears(names, POSITIVE.patient) and matches(others, POSITIVE)) == matches(query, POSITIVE)
    assert sorted([*names, *others.split()]) == sorted(word.casefold() for word in words)


def test_a_name_is_not_looked_for_across_name_and_cohort() -> None:
    assert bears(["0412"], POSITIVE.patient) and bears(["internal"], POSITIVE.patient)
    assert not bears(["0412internal"], POSITIVE.patient)
