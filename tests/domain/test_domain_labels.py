from __future__ import annotations

import re
from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_strategies import records

from aln_desk.domain import labels
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.labels import DEFAULT, Label
from aln_desk.domain.shape import Shape, class_of

RING = ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))
words = st.text(min_size=1, max_size=8)
offered = st.builds(
    Label,
    words,
    st.from_regex(r"#[0-9a-f]{6}", fullmatch=True),
    st.none() | st.integers(1, 9),
    st.sampled_from(["tumour", "node", "none"]),
    st.dictionaries(words, st.lists(words, max_size=3).map(tuple), max_size=3),
    st.lists(words, max_size=3).map(tuple),
)


def test_the_default_set_can_be_used_and_means_what_the_models_mean() -> None:
    assert labels.complaints(DEFAULT) == []
    assert [(label.word, label.key) for label in DEFAULT] == [
        ("tumor", 1),
        ("lymph_node", 2),
        ("hilum", 3),
        ("cortex", 4),
    ]
    assert [labels.class_of(DEFAULT, label.word) for label in DEFAULT] == [class_of(label.word) for label in DEFAULT]
    assert [labels.class_of(DEFAULT, label.word) for label in DEFAULT] == [1, 2, 0, 0]


def test_a_project_says_what_its_words_mean() -> None:
    own = (*DEFAULT, Label("Carcinoma", "#ffffff", 5, "tumour"), Label("mass", "#000000", None, "none"))
    assert labels.class_of(own, "carcinoma ") == 1
    assert labels.class_of(own, "mass") == 0 and class_of("mass") == 1
    assert labels.class_of(own, "lesion") == 1, "a word the project does not know means what it always does"
    assert labels.label_of(own, "Lymph node") == DEFAULT[1]
    assert labels.label_of(own, "scar") is None


SEEN = {
    "deuteranopia": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.01182, 0.04294, 0.968881)),
    "protanopia": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "tritanopia": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.3039)),
    "all colours": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
}
"""Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB."""


def cielab(colour: str, seen: tuple) -> np.ndarray:
    grey = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    linear = np.where(grey <= 0.04045, grey / 12.92, ((grey + 0.055) / 1.055) ** 2.4)
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(np.array(seen) @ linear, 0, 1) / (0.9505, 1, 1.089)
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("sight", SEEN)
def test_colours_keep_apart_for_the_colour_blind_and_from_the_dark(sight: str) -> None:
    seen = [cielab(colour, SEEN[sight]) for colour in labels.COLOURS]
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen, 2)) > 12
    assert min(np.linalg.norm(one - other) for one, other in combinations(seen[:4], 2)) > 25
    assert min(lightness for lightness, _a, _b in seen) > 45
    assert [label.colour for label in DEFAULT] == list(labels.COLOURS[:4])


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ([], "at least one"),
        ([Label(" ", "#ffffff")], "no word"),
        ([Label("node ", "#ffffff")], "space"),
        ([Label("a", "red")], "no colour"),
        ([Label("a", "#fffffff")], "no colour"),
        ([Label("a", "#ffffff", 0)], "1 to 9"),
        ([Label("a", "#ffffff", 1), Label("b", "#ffffff", 1)], r"key 1 chooses several labels \(a, b\)"),
        ([Label("Lymph node", "#ffffff"), Label("lymph_node", "#ffffff")], "Two labels"),
        ([Label("a", "#ffffff", attributes={"margin": ()})], "without a name or a choice"),
        ([Label("a", "#ffffff", attributes={"": ("x",)})], "without a name or a choice"),
        ([Label("a", "#ffffff", attributes={"margin": ("x", "x")})], "twice"),
        ([Label("a", "#ffffff", flags=("x", "x"))], "flag twice"),
    ],
)
def test_what_cannot_be_used_is_told(wrong: list[Label], sentence: str) -> None:
    (found,) = labels.complaints(wrong)
    assert re.search(sentence, found)


@given(offered)
def test_a_label_comes_back_from_its_record(label: Label) -> None:
    assert labels.from_record(labels.to_record(label)) == label


@given(records("word", "colour", "key", "lesion", "attributes", "flags"))
def test_any_other_record_is_read_or_refused_with_a_sentence(value: object) -> None:
    try:
        read = labels.from_record(value)
    except ValueError as error:
        assert str(error)
    else:
        assert labels.from_record(labels.to_record(read)) == read
        labels.complaints([read])


def image(*words: str, locked: int | None = None) -> Annotation:
    shapes = tuple(Shape(word, RING, locked=number == locked) for number, word in enumerate(words))
    return Annotation("a.png", shapes=shapes)


def test_renaming_is_planned_before_it_is_done() -> None:
    images = {
        "P1/a": image("node", "tumor", "node"),
        "P1/b": image("tumor"),
        "P1/c": image("node", locked=0),
        "P1/d": image("node", "node", locked=1),
        "P1/e": image("Node"),
    }
    plan = labels.plan_rename(images.items(), "node", "lymph_node")
    assert plan.changed == {"P1/a": 2, "P1/d": 1}
    assert plan.locked == {"P1/c": 1, "P1/d": 1}
    assert plan.sentence == '3 shapes on 2 images will be called "lymph_node"; 2 locked shapes will stay.'
    done = {name: labels.renamed(annotation, "node", "lymph_node") for name, annotation in images.items()}
    assert {name for name in images if done[name] is not images[name]} == set(plan.changed)
    assert [shape.label for shape in done["P1/a"].shapes] == ["lymph_node", "tumor", "lymph_node"]
    assert [shape.label for shape in done["P1/d"].shapes] == ["lymph_node", "node"]
    assert replace(done["P1/a"], shapes=images["P1/a"].shapes) == images["P1/a"]


def test_renaming_to_the_same_word_does_nothing() -> None:
    drawn = image("node")
    plan = labels.plan_rename([("P1/a", drawn)], "node", "node")
    assert (plan.changed, plan.locked) == ({}, {})
    assert labels.renamed(drawn, "node", "node") is drawn
    one = labels.plan_rename([("P1/a", drawn)], "node", "x")
    assert one.sentence == '1 shape on 1 image will be called "x".'
