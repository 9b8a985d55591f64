"""A recipe explains its fields, takes `key=value` changes, refuses what cannot be used, and survives its record."""

from __future__ import annotations

import json
import re
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import AlnError, BadSetting
from aln_desk.domain.recipe import MilRecipe, MtlRecipe, Recipe, Setting

KEYS = list(recipes.settings(Recipe()))
TEXTS = st.one_of(st.text(max_size=10), st.integers().map(str), st.floats().map(str), st.sampled_from(["yes", "no"]))


def test_every_field_has_a_key_with_words_and_help() -> None:
    found = recipes.settings(Recipe())
    assert len(found) == len(fields(Recipe)) - 2 + len(fields(MtlRecipe)) + len(fields(MilRecipe))
    assert len({setting.words for setting in found.values()}) > 0.8 * len(found)
    for key, setting in found.items():
        assert setting.words[0].isupper(), key
        assert setting.help.strip().endswith("."), key


@pytest.mark.parametrize("key", KEYS)
def test_every_default_is_allowed(key: str) -> None:
    assert recipes.settings(Recipe())[key].allows(recipes.value(Recipe(), key))


def test_a_change_keeps_the_type_of_its_field() -> None:
    found = recipes.change(
        Recipe(), {"size": " 96", "mtl.learning_rate": "1e-3", "mtl.augment": "No", "backbone": "segformer-b0"}
    )
    assert (found.size, found.mtl.learning_rate, found.mtl.augment) == (96, 1e-3, False)
    assert found.backbone == "segformer-b0"
    assert found.mil == Recipe().mil


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mtl.iteration", "3"),
        ("size", "big"),
        ("mtl.augment", "maybe"),
        ("mtl.dice", "nan"),
        ("mtl.dice", "1e400"),
        ("mtl.batch", "-1"),
        ("mtl.batch", "1.5"),
        ("mtl", "1"),
        ("mil.", "1"),
        ("", "1"),
    ],
)
def test_a_wrong_change_is_told_in_a_sentence(key: str, value: str) -> None:
    with pytest.raises(BadSetting, match=re.escape(key or "no setting ''")):
        recipes.change(Recipe(), {key: value})


@pytest.mark.parametrize(
    ("key", "text", "wanted"),
    [
        ("size", "100", "a multiple of 32"),
        ("size", "0", "at least 32"),
        ("mtl.scale_low", "3", "at most mtl.scale_high"),
        ("mtl.ema", "1", "at most 0.99999"),
        ("mtl.keep", "first", "last or best"),
        ("mask_tokens", "3", "1 or 2"),
        ("mil.kind", "vote", "transformer or abmil"),
        ("geometry", "round", "letterbox or stretch or released"),
        ("mtl.gamma", "3", "at least 0 and at most 2"),
    ],
)
def test_a_value_that_cannot_be_used_is_refused_with_what_can(key: str, text: str, wanted: str) -> None:
    with pytest.raises(BadSetting, match=f"{key} cannot be used as it is set; it must be .*{wanted}"):
        recipes.check(recipes.change(Recipe(), {key: text}))


def test_only_the_transformer_can_be_told_the_view() -> None:
    asked = {"mil.view_embedding": "true"}
    recipes.check(recipes.change(Recipe(), asked))
    with pytest.raises(BadSetting, match="it must be false for 'abmil'"):
        recipes.check(recipes.change(Recipe(), {**asked, "mil.kind": "abmil"}))


def test_limits_are_included() -> None:
    between = Setting("Words", "Help.", low=0, high=2)
    assert [between.allows(value) for value in (-0.1, 0, 2, 2.1)] == [False, True, True, False]
    assert not between.allows(float("nan"))
    assert Setting("Words", "Help.").allows("anything") and Setting("Words", "Help.").wanted == ""
    assert Setting("Words", "Help.", low=1).wanted == "at least 1"


@given(st.dictionaries(st.one_of(st.text(max_size=20), st.sampled_from(KEYS)), TEXTS, max_size=3))
def test_any_settings_are_taken_or_refused_but_never_crash(settings: dict[str, str]) -> None:
    try:
        found = recipes.change(Recipe(), settings)
        recipes.check(found)
    except AlnError as error:
        assert str(error)
    else:
        assert recipes.from_dict(json.loads(json.dumps(recipes.to_dict(found)))) == found


@given(st.sampled_from(KEYS), st.data())
def test_what_the_form_allows_can_be_written_as_text(key: str, data: st.DataObject) -> None:
    setting, default = recipes.settings(Recipe())[key], recipes.value(Recipe(), key)
    if setting.choices:
        wanted: Any = data.draw(st.sampled_from(setting.choices))
    elif isinstance(default, bool):
        wanted = data.draw(st.booleans())
    elif isinstance(default, int):
        wanted = data.draw(st.integers(int(setting.low or 0), int(setting.high or 10**6)))
    elif isinstance(default, float):
        wanted = data.draw(st.floats(setting.low or 0.0, setting.high if setting.high is not None else 1e6))
    else:
        wanted = data.draw(st.text(st.characters(categories=["L", "N"]), max_size=9))
    assert recipes.value(recipes.change(Recipe(), {key: str(wanted)}), key) == wanted


def test_a_record_of_an_older_version_takes_the_defaults() -> None:
    record = recipes.to_dict(Recipe(size=64))
    del record["clean"], record["mtl"]["ema"], record["mil"]["members"]
    assert recipes.from_dict(record) == Recipe(size=64)


@pytest.mark.parametrize("record", [{}, {"mtl": {}}, {"mtl": 3, "mil": {}}, {"mtl": {}, "mil": {}, "unheard": 1}])
def test_a_record_that_is_none_is_a_sentence(record: dict[str, Any]) -> None:
    with pytest.raises(BadSetting, match="Start a new run"):
        recipes.from_dict(record)


@given(
    st.recursive(
        st.none() | st.integers() | st.text(max_size=5),
        lambda inner: st.dictionaries(st.text(max_size=5), inner, max_size=3),
    )
)
def test_any_record_is_read_or_refused_but_never_crashes(record: Any) -> None:
    if isinstance(record, dict):
        try:
            recipes.from_dict(record)
        except AlnError as error:
            assert str(error)
