from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadSetting
from aln_desk.domain.presets import PRESETS
from aln_desk.gui.training_wish import (
    WORKS,
    Wish,
    arguments,
    background_arguments,
    differing,
    kind_of,
    known_settings,
    problems,
    seeds_of,
)

RECIPE = PRESETS["tiny"].recipe
texts = st.text(max_size=8)
wishes = st.builds(
    Wish,
    preset=texts,
    cohorts=st.lists(texts, max_size=3).map(tuple),
    device=texts,
    settings=st.dictionaries(texts, texts, max_size=3),
    stages=texts,
    name=texts,
    base=texts,
    folds=st.integers(0, 20),
    seeds=st.lists(st.integers(0, 9), max_size=3).map(tuple),
    allow_download=st.booleans(),
    resume=texts,
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(wishes)
def test_a_wish_survives_the_settings_file(wish: Wish) -> None:
    assert Wish.from_dict(json.loads(json.dumps(wish.to_dict()))) == wish


@given(st.dictionaries(st.sampled_from(["preset", "cohorts", "settings", "seeds", "folds", "else"]), values))
def test_a_damaged_wish_is_none_and_a_whole_one_can_be_used(record: dict[str, object]) -> None:
    wish = Wish.from_dict(record)
    if wish is not None:
        assert all(isinstance(word, str) for word in arguments("P", wish))
    assert Wish.from_dict([record]) is None


def test_the_command_line_of_a_plain_training() -> None:
    wish = Wish("small", ("a", "b"), "cpu", {"mtl.iterations": "20", "seed": "1"})
    assert " ".join(arguments("P", wish)) == (
        "train all P --events --stop-with-stdin --preset small --device cpu --cohort a --cohort b "
        "--set mtl.iterations=20 --set seed=1"
    )


def test_the_command_line_of_everything() -> None:
    wish = Wish("fast", ("a",), "cuda", {}, "mil", name="Mine, 2", base="m", folds=5, seeds=(0, 3), allow_download=True)
    assert arguments("P", wish)[4:] == [
        *("--stop-with-stdin", "--preset", "fast", "--device", "cuda", "--cohort", "a", "--name", "Mine, 2"),
        *("--base", "m", "--folds", "5", "--seeds", "0,3", "--allow-download"),
    ]


def test_going_on_needs_the_run_and_the_device_alone() -> None:
    wish = Wish("fast", ("a",), "cuda", {"seed": "1"}, resume="R")
    assert " ".join(arguments("P", wish)) == "train all P --resume R --device cuda --events --stop-with-stdin"
    assert " ".join(background_arguments("P", "R", "cpu")) == "train all P --resume R --device cpu --wait --events"


def test_every_setting_is_read_by_some_work_and_shown_once() -> None:
    every = set(recipes.settings(RECIPE))
    shown = {work.stages: set(known_settings(RECIPE, work.stages)) for work in WORKS}
    assert shown["all"] == every - {"variables", "enter"}
    assert shown["mtl"] | shown["mil"] == shown["all"]
    assert not any(key.startswith("mil.") for key in shown["mtl"])
    assert {"backbone", "size", "mtl.batch"}.isdisjoint(shown["mil"])
    assert {"seed", "held_out", "mil.kind"} <= shown["mil"]
    assert shown["clinical"] == shown["fusion"] == {"seed", "held_out", "variables", "enter"}


def test_problems_are_told_by_the_setting_they_belong_to() -> None:
    assert problems(RECIPE, {"mtl.learning_rate": "1e-4", "mtl.augment": "false"}) == {}
    assert problems(RECIPE, {"mtl.learning_rate": "2"}) == {
        "mtl.learning_rate": "It must be at least 1e-09 and at most 1."
    }
    assert problems(RECIPE, {"mtl.learning_rate": "fast"}) == {
        "mtl.learning_rate": "'fast' is no value; it wants something like '0.0005'."
    }
    assert "multiple of 32" in problems(RECIPE, {"size": "250"})["size"]
    assert "mtl.scale_high" in problems(RECIPE, {"mtl.scale_low": "1.5"})["mtl.scale_low"]
    assert problems(RECIPE, {"mtl.scale_low": "1.5", "mtl.scale_high": "2"}) == {}
    assert set(problems(RECIPE, {"size": "x", "mil.kind": "none"})) == {"size", "mil.kind"}


@given(st.dictionaries(st.sampled_from(list(recipes.settings(RECIPE))), st.text(max_size=8), max_size=4))
def test_what_has_no_problem_can_be_trained_and_nothing_else(changes: dict[str, str]) -> None:
    def refused() -> bool:
        try:
            recipes.check(recipes.change(RECIPE, changes))
        except BadSetting:
            return True
        return False

    assert bool(problems(RECIPE, changes)) is refused()


def test_a_text_that_says_the_same_changes_nothing() -> None:
    said = {"mtl.learning_rate": "5e-4", "mtl.augment": "yes", "size": "64", "seed": "1", "mil.epochs": "x"}
    assert differing(RECIPE, said) == {"seed": "1", "mil.epochs": "x"}


def test_seeds_are_whole_numbers_each_once() -> None:
    assert seeds_of("") == ()
    assert seeds_of(" 3, 1 2,") == (3, 1, 2)
    assert seeds_of("0-2, 7") == (0, 1, 2, 7)
    for wrong in ("1, 1", "-1", "1.5", "a", "9999999999", "²", "2-0", "0-2, 1", "0-99999999", "1-"):
        with pytest.raises(BadSetting):
            seeds_of(wrong)


@given(st.text())
def test_any_text_is_seeds_or_refused(text: str) -> None:
    try:
        seeds = seeds_of(text)
    except BadSetting:
        return
    assert all(0 <= seed < 10**9 for seed in seeds)


def test_a_regression_is_called_after_its_work() -> None:
    asked = Wish(preset="tiny", stages="fusion", base="m")
    assert (asked.title, asked.summary) == ("Clinical variables and images", "Logistic regression")
    assert kind_of("clinical", "tiny") == "Clinical variables"
    assert (kind_of("all", "tiny"), kind_of("", "lost")) == ("Tiny", "lost")


def test_a_wish_is_told_in_words() -> None:
    assert (Wish("tiny").title, Wish("tiny").summary) == ("Tiny", "Both stages")
    assert Wish("tiny", name="Mine").title == "Mine"
    wish = Wish("tiny", stages="mil", folds=5, seeds=(1, 2), settings={"seed": "1"})
    assert wish.summary == "Stage 2 only · 5 folds · 2 seeds · 1 setting changed"
    assert Wish(resume="R").title == "Resume R"
