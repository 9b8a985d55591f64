"""Outlines against each other and against what a model found."""

from __future__ import annotations

import numpy as np
import pytest
from annotation_strategies import annotations
from hypothesis import given, settings

from aln_desk.domain import suspicion
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.patient import View
from aln_desk.domain.shape import Shape
from aln_desk.domain.verdict import InstancePrediction, Placement
from aln_desk.io.likely_errors import likely_errors
from aln_desk.io.rasterize import mask_text, polygon_mask

SIZE = (200, 300)


def square(side: float, left: float = 20, top: float = 20) -> tuple[tuple[float, float], ...]:
    return (left, top), (left + side, top), (left + side, top + side), (left, top + side)


def found_by_model(points: tuple = square(40), lesion_logit: float = -4.0) -> InstancePrediction:
    return InstancePrediction(
        instance="P1/a.png",
        mask=polygon_mask(points, *SIZE),
        cam=np.zeros((4, 4), np.float32),
        placement=Placement(300, 1, 1, 0, 0),
        lesion_logit=lesion_logit,
        status_logit=0.0,
        token=np.zeros(256, np.float32),
    )


def listed(*shapes: Shape, prediction: InstancePrediction | None = None, **more) -> list[tuple[int | None, str]]:
    flags = more.pop("flags", {})
    found = likely_errors(Annotation("a.png", *SIZE, shapes, flags), prediction, SIZE, **more)
    assert [one.strength for one in found] == sorted((one.strength for one in found), reverse=True)
    assert all(0 <= one.strength <= 1 and one.sentence[-1] in ".?" for one in found)
    return [(one.shape, one.what) for one in found]


def test_an_outline_that_everybody_agrees_with_is_not_listed() -> None:
    outline = Shape("tumor", square(38, 21, 21))
    assert listed(outline, prediction=found_by_model(), view=View.TUMOUR) == []
    assert listed(prediction=found_by_model(()), flags={NO_LESION: True}) == []
    assert listed(prediction=found_by_model()) == [], "an image without outlines is to do and no error"


def test_the_same_shape_twice() -> None:
    assert listed(Shape("tumor", square(40)), Shape("tumor", square(40.4))) == [(1, "twice")]
    assert listed(Shape("tumor", square(40)), Shape("hilum", square(40))) == [(1, "twice")]
    assert listed(Shape("tumor", square(40)), Shape("hilum", square(30))) == []
    assert listed(Shape("tumor", square(40)), Shape("tumor", square(40, 70))) == []
    mask = Shape("tumor", ((20, 20), (59, 59)), "mask", mask=mask_text(np.ones((40, 40), bool)))
    assert listed(Shape("tumor", ((60, 60), (20, 20)), "rectangle"), mask) == [(1, "twice")]


def test_the_same_place_outside_the_image_is_no_second_shape() -> None:
    away = Shape("tumor", square(40, 400, 400))
    assert sorted(listed(away, away)) == [(0, "outside"), (1, "outside")]


def test_a_label_against_the_images_view() -> None:
    node = Shape("lymph_node", square(40))
    assert listed(node, view=View.TUMOUR) == [(0, "view")]
    assert listed(node, view=View.NODE) == [] == listed(node)
    both = Annotation("a.png", *SIZE, (node, Shape("tumor", square(40, 90))))
    alone = likely_errors(Annotation("a.png", *SIZE, (node,)), None, SIZE, view=View.TUMOUR)
    assert likely_errors(both, None, SIZE, view=View.TUMOUR)[0].strength < alone[0].strength
    assert listed(Shape("hilum", square(40)), Shape("lymph_node", ((5, 5),), "point"), view=View.TUMOUR) == []


def test_a_label_against_the_type_that_the_model_sees() -> None:
    tumour = Shape("tumor", square(40))
    assert listed(tumour, prediction=found_by_model(lesion_logit=2.0)) == [(0, "type")]
    assert listed(tumour, prediction=found_by_model(lesion_logit=0.5)) == [], "the model is not sure"
    assert listed(Shape("lymph_node", square(40)), prediction=found_by_model(lesion_logit=-2.0)) == [(0, "type")]
    small = Shape("lymph_node", square(10, 30, 30))
    assert listed(tumour, small, prediction=found_by_model()) == [], "the model names the larger lesion only"
    assert listed(tumour, small, prediction=found_by_model(lesion_logit=4.0)) == [(0, "type")]
    (one,) = likely_errors(Annotation("a.png", *SIZE, (tumour,)), found_by_model(lesion_logit=800.0), SIZE)
    assert one.sentence == "Labelled a tumour, but the model sees a lymph node (100 %)."


def test_an_outline_against_the_models_mask() -> None:
    outline = Shape("tumor", square(40, 45, 20))
    assert listed(outline, prediction=found_by_model()) == [(0, "model")]
    assert listed(outline, prediction=found_by_model(), least_dice=0.2) == []
    assert listed(outline, prediction=found_by_model(())) == [(0, "model")]
    two = (Shape("tumor", square(40)), Shape("tumor", square(30, 150, 100)))
    assert listed(*two, prediction=found_by_model()) == [(1, "model")]
    far = (Shape("tumor", square(40, 100)), Shape("tumor", square(40, 150)))
    assert sorted(listed(*far, prediction=found_by_model()), key=str) == [(0, "model"), (1, "model"), (None, "model")]
    assert listed(prediction=found_by_model(), flags={NO_LESION: True}) == [(None, "model")]


def test_a_prediction_of_another_size_is_not_asked() -> None:
    outline = Annotation("a.png", 100, 100, (Shape("tumor", square(40, 45, 20)),))
    assert likely_errors(outline, found_by_model(), (100, 100)) == []


def test_the_strongest_suspicion_comes_first() -> None:
    crossing = Shape("lymph_node", ((20, 20), (90, 120), (90, 20), (20, 100)))
    outside = Shape("tumor", square(40, 400))
    usual = {"tumor": suspicion.UsualArea(-3.0, 0.1)}
    found = listed(crossing, outside, Shape("tumor", square(60, 220, 120)), view=View.TUMOUR, usual=usual)
    assert found[0] == (1, "outside")
    assert (0, "crossing") in found and (0, "view") in found and (2, "size") not in found


@settings(max_examples=80)
@given(annotations())
@pytest.mark.filterwarnings("ignore:.*(overflow|invalid|divide).*:RuntimeWarning")
def test_any_annotation_is_looked_at_without_an_error(annotation: Annotation) -> None:
    usual = suspicion.usual_areas(suspicion.area_shares(annotation, SIZE) * 20)
    found = likely_errors(annotation, found_by_model(lesion_logit=9.0), SIZE, view=View.NODE, usual=usual)
    assert all(one.shape is None or 0 <= one.shape < len(annotation.shapes) for one in found)
    assert all(0 <= one.strength <= 1 for one in found)
