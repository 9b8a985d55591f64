"""Recipes: presets, `key=value` changes, and the record in a manifest."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import presets
from aln_desk.domain import recipe as recipe_module
from aln_desk.domain.errors import AlnError, BadSetting


def test_a_change_keeps_the_type_of_its_field() -> None:
    recipe = recipe_module.change(
        presets.preset("tiny").recipe,
        {"size": "96", "mtl.learning_rate": "1e-3", "mtl.augment": "no", "backbone": "segformer-b2"},
    )
    assert (recipe.size, recipe.mtl.learning_rate, recipe.mtl.augment) == (96, 1e-3, False)
    assert recipe.backbone == "segformer-b2"
    assert recipe.mil == presets.preset("tiny").recipe.mil


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mtl.iteration", "3"),
        ("size", "big"),
        ("mtl.augment", "maybe"),
        ("mtl.dice", "nan"),
        ("mtl.batch", "-1"),
        ("mtl", "1"),
    ],
)
def test_a_wrong_change_is_told_in_a_sentence(key: str, value: str) -> None:
    with pytest.raises(BadSetting, match=key.split(".")[-1]):
        recipe_module.change(presets.preset("tiny").recipe, {key: value})


def test_an_unknown_preset_names_those_that_exist() -> None:
    with pytest.raises(BadSetting, match="fast, small, paper, single-t, tiny"):
        presets.preset("big")


@pytest.mark.parametrize("name", list(presets.PRESETS))
def test_a_recipe_survives_its_record(name: str) -> None:
    recipe = presets.PRESETS[name].recipe
    assert recipe_module.from_dict(recipe_module.to_dict(recipe)) == recipe


def test_the_paper_preset_has_the_published_numbers() -> None:
    recipe = presets.preset("paper").recipe
    assert (recipe.backbone, recipe.size, recipe.mask_tokens) == ("segformer-b2", 512, 1)
    assert (recipe.mtl.iterations, recipe.mtl.batch, recipe.mtl.learning_rate) == (10_000, 16, 6e-5)
    assert (recipe.mtl.warmup, recipe.mtl.head_rate, recipe.mtl.clip, recipe.mtl.dice) == (1_500, 10, 0, 0)
    assert (recipe.mil.layers, recipe.mil.epochs, recipe.mil.batch) == (6, 100, 4)
    assert (recipe.mil.warmup, recipe.mil.clip, recipe.mil.learning_rate) == (10_000, 1.0, 6e-5)


@given(st.dictionaries(st.text(max_size=20), st.text(max_size=10), max_size=3))
def test_any_settings_are_taken_or_refused_but_never_crash(settings: dict[str, str]) -> None:
    try:
        recipe_module.change(presets.preset("paper").recipe, settings)
    except AlnError as error:
        assert str(error)
