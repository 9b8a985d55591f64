from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import LABELS, NODE_LABEL, TUMOUR_LABEL, Shape, class_of


@pytest.mark.parametrize("label", [TUMOUR_LABEL, "Tumour", " lesion ", "MASS", "t"])
def test_words_for_a_tumour(label: str) -> None:
    assert class_of(label) == 1


@pytest.mark.parametrize("label", [NODE_LABEL, "Lymph node", "lymph-node", "LYMPHNODE", "node ", "L"])
def test_words_for_a_lymph_node(label: str) -> None:
    assert class_of(label) == 2


@pytest.mark.parametrize("label", ["", "calliper", "tumor 2", "nodes"])
def test_other_words_name_no_class(label: str) -> None:
    assert class_of(label) == 0


@given(st.text())
def test_every_label_has_a_class(label: str) -> None:
    assert class_of(label) in (0, 1, 2)
    assert class_of(label) == class_of(f"\t{label} ")


def test_the_two_labels_are_written_in_class_order() -> None:
    assert [class_of(label) for label in LABELS] == [1, 2]


def test_with_points_and_with_shapes_change_nothing_else() -> None:
    shape = Shape("tumor", ((0.0, 0.0),), "points", 3, "d", {"a": True}, None, True, {"x": 1})
    moved = shape.with_points(((1.0, 1.0),))
    assert moved.points == ((1.0, 1.0),)
    assert moved.with_points(shape.points) == shape
    annotation = Annotation("x.png", 3, 4, (shape,), {"a": True}, "QQ==", "5", {"x": 1})
    assert annotation.with_shapes((moved,)).with_shapes((shape,)) == annotation
