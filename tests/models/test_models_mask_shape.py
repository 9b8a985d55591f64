"""The form of a mask against geometry that is known."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from torch import Tensor

from aln_desk.models.mask_shape import CENTRE, SHAPE_SIGNS, WIDTH, describe

SIDE = 256


def signs(mask: Tensor) -> dict[str, float]:
    """The logarithms before they are scaled."""
    values = describe(mask[None].float())[0] * torch.tensor(WIDTH) + torch.tensor(CENTRE)
    return dict(zip(SHAPE_SIGNS, values.tolist(), strict=True))


def ellipse(long: float, short: float, turned: float = 0.0, at: tuple[float, float] = (0.0, 0.0)) -> Tensor:
    """Half axes and centre in half widths of the picture; ``turned`` in degrees from flat."""
    line = torch.linspace(-1, 1, SIDE)
    x, y = line[None] - at[0], line[:, None] - at[1]
    cos, sin = math.cos(math.radians(turned)), math.sin(math.radians(turned))
    return ((x * cos + y * sin) / long).square() + ((y * cos - x * sin) / short).square() < 1


def test_area_and_axes_are_those_of_the_ellipse() -> None:
    found = signs(ellipse(0.5, 0.25))
    assert found["area"] == pytest.approx(math.log(math.pi * 0.5 * 0.25), abs=0.02)
    assert found["roundness"] == pytest.approx(math.log(0.5), abs=0.02)
    assert found["taller than wide"] == pytest.approx(math.log(0.5), abs=0.02)
    assert found["fullness"] == pytest.approx(0.0, abs=0.02)


@pytest.mark.parametrize("turned", [0, 30, 45, 90, 140])
def test_roundness_does_not_depend_on_the_angle(turned: float) -> None:
    assert signs(ellipse(0.5, 0.25, turned))["roundness"] == pytest.approx(math.log(0.5), abs=0.03)


def test_a_standing_ellipse_is_taller_than_wide() -> None:
    assert signs(ellipse(0.5, 0.25, 90))["taller than wide"] == pytest.approx(math.log(2), abs=0.03)


def test_the_place_changes_nothing() -> None:
    here, there = signs(ellipse(0.3, 0.2, 20)), signs(ellipse(0.3, 0.2, 20, at=(0.4, -0.3)))
    assert here == pytest.approx(there, abs=0.03)


def test_a_star_is_more_irregular_than_a_disc_of_its_area() -> None:
    line = torch.linspace(-1, 1, SIDE)
    angle = torch.atan2(line[:, None].expand(SIDE, SIDE), line[None].expand(SIDE, SIDE))
    radius = torch.hypot(line[:, None], line[None])
    star, disc = signs(radius < 0.4 + 0.15 * torch.cos(9 * angle)), signs(radius < 0.414)
    assert star["area"] == pytest.approx(disc["area"], abs=0.03)
    assert star["irregularity"] > disc["irregularity"] + 0.3


def test_a_ring_is_less_full_and_a_soft_edge_more_blurred() -> None:
    disc = ellipse(0.5, 0.5)
    assert signs(disc & ~ellipse(0.3, 0.3))["fullness"] < signs(disc)["fullness"] - 0.3
    soft = torch.nn.functional.avg_pool2d(disc[None, None].float(), 31, 1, 15)[0, 0]
    assert signs(soft)["blur"] > signs(disc)["blur"] + 1


def test_resolution_hardly_matters_to_a_soft_mask() -> None:
    fine = torch.nn.functional.avg_pool2d(ellipse(0.4, 0.3, 10)[None, None].float(), 9, 1, 4)[0, 0]
    coarse = torch.nn.functional.avg_pool2d(fine[None, None], 2)[0, 0]
    one, other = signs(fine), signs(coarse)
    for name in ("area", "roundness", "taller than wide", "irregularity", "fullness"):
        assert one[name] == pytest.approx(other[name], abs=0.05), name


@given(arrays(np.float32, (2, 9, 14), elements=st.floats(0, 1, width=32)))
def test_any_mask_gives_finite_numbers_within_the_limit(mask: np.ndarray) -> None:
    found = describe(torch.from_numpy(mask))
    assert found.shape == (2, len(SHAPE_SIGNS))
    assert torch.isfinite(found).all() and (found.abs() <= 4).all()


@pytest.mark.parametrize("value", [0.0, 1.0])
def test_an_empty_and_a_full_mask_have_a_form_too(value: float) -> None:
    assert torch.isfinite(describe(torch.full((1, 64, 64), value))).all()
