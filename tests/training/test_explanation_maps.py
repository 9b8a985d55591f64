"""Evidence maps: what they sum to, without attention, and with parameters drawn anew; and curves of cells that go."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from aln_desk.models.build import StageOne, build_mtl
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.reading_images import TorchNetwork
from aln_desk.stats.explanation import area_under
from training.explanation import maps
from training.explanation.curves import blurred, content_box, curves
from training.explanation.images import point

SIDE = 64
SQUARES = np.random.default_rng(0).integers(0, 256, (3, SIDE, SIDE, 3), np.uint8)
PREPROCESS = Preprocess(size=SIDE)
WHOLE = (slice(0, SIDE), slice(0, SIDE))


def net(**options: object) -> StageOne:
    torch.manual_seed(0)
    built = build_mtl(MtlConfig(size=SIDE, **options)).eval()  # type: ignore[arg-type]
    torch.nn.init.constant_(built.status_head.bias, 0.7)
    return built


AVERAGED = {"average_looks": True, "type_tokens": True, "shape_tokens": True}


@pytest.mark.parametrize("options", [{}, {"pooling": "attention"}, {"tasks": "status"}, {"average_looks": True}])
def test_evidence_and_bias_make_the_logit(options: dict[str, object]) -> None:
    found = maps.read(net(**options), PREPROCESS, SQUARES)
    assert found.evidence.mean(axis=(1, 2)) + 0.7 == pytest.approx(found.logit, abs=1e-5)


def test_a_network_is_explained_as_it_is_used() -> None:
    built = net(**AVERAGED)
    found = maps.read(built, PREPROCESS, SQUARES)
    used = TorchNetwork(built, PREPROCESS, 4)(SQUARES)
    assert found.logit == pytest.approx([one.status_logit for one in used], abs=1e-4)
    shapes = [one.cam - found_map for one, found_map in zip(used, found.evidence, strict=True)]
    assert all(np.ptp(difference) < 1e-4 for difference in shapes), "the CAM without what it spreads evenly"


@pytest.mark.parametrize("options", [{}, {"type_tokens": True}, {"shape_tokens": True}, AVERAGED])
def test_what_comes_from_no_place_is_no_evidence(options: dict[str, object]) -> None:
    built = net(**options)
    assert isinstance(built, MultiTaskNet)
    for parameter in built.neck.parameters():
        torch.nn.init.zeros_(parameter)  # no features anywhere
    found = maps.read(built, PREPROCESS, SQUARES)
    assert np.abs(found.evidence).max() < 1e-6 < np.abs(found.logit).min()


@pytest.mark.parametrize(("pooling", "even"), [("attention", 1.0), ("area", 0.5)])
def test_without_attention_every_place_counts_alike(pooling: str, even: float) -> None:
    built = net(pooling=pooling)
    twin = maps.without_attention(built)
    assert isinstance(built, MultiTaskNet) and twin is not None
    seen: list[Tensor] = []
    with built.neck.register_forward_hook(lambda module, given, features: seen.append(features)):
        found = maps.read(twin, PREPROCESS, SQUARES).evidence
    expected = even * torch.einsum("bchw,c->bhw", seen[0], built.status_head.weight[0])
    assert found == pytest.approx(expected.detach().numpy(), abs=1e-5)
    assert built.config.temperature == 2.0, "the network itself stays as it is"
    assert not np.allclose(maps.read(built, PREPROCESS, SQUARES).evidence, found)


def test_a_network_without_attention_has_no_twin() -> None:
    assert maps.without_attention(net(tasks="status")) is None


@pytest.mark.parametrize("backbone", ["segformer-b0", "unet", "mobilenetv3-large"])
def test_blocks_lead_from_the_heads_to_the_image(backbone: str) -> None:
    built = net(backbone=backbone)
    names = maps.blocks(built)
    assert names[:3] == ["status_head", "decoder", "neck"] and len(names) > 6
    covered = {id(one) for name in names[3:] for one in built.get_submodule(name).parameters()}
    assert covered == {id(one) for one in built.backbone.parameters()}
    first = next(iter(built.backbone.parameters()))
    assert any(one is first for one in built.get_submodule(names[-1]).parameters())


def test_the_cascade_draws_one_block_after_another_anew() -> None:
    built = net()
    before = {name: value.clone() for name, value in built.state_dict().items()}
    after_first: set[str] = set()
    random_before = torch.random.get_rng_state()
    for step, (name, changed) in enumerate(maps.cascade(built, seed=1)):
        if step == 0:
            after_first = {key for key, value in changed.state_dict().items() if not torch.equal(value, before[key])}
            assert name == "status_head"
    assert name == "everything"
    assert after_first and all(key.startswith("status_head") for key in after_first)
    weights = [key for key in before if key.endswith("weight") and before[key].dim() > 1]
    assert not any(torch.equal(changed.state_dict()[key], before[key]) for key in weights)
    assert all(torch.equal(value, before[key]) for key, value in built.state_dict().items())
    assert torch.equal(torch.random.get_rng_state(), random_before)


def cell_reader(sharp: np.ndarray, row: int, column: int, *, when_sharp: float) -> object:
    """Logit ``when_sharp`` where that cell of 16 pixels is as it was, else its opposite."""
    cell = (slice(16 * row, 16 * row + 16), slice(16 * column, 16 * column + 16))

    def read(squares: np.ndarray) -> np.ndarray:
        kept = [np.array_equal(square[cell], sharp[cell]) for square in squares]
        return np.where(kept, when_sharp, -when_sharp).astype(np.float32)

    return read


@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_the_cell_that_matters_decides_both_curves(sign: float) -> None:
    evidence = np.zeros((4, 4), np.float32)
    evidence[1, 2] = 3.0 * sign
    read = cell_reader(SQUARES[0], 1, 2, when_sharp=20.0 * sign)
    found = curves(read, SQUARES[0], evidence, WHOLE, steps=16, seed=5)  # type: ignore[arg-type]
    assert found.deletion == pytest.approx([1] + 16 * [0], abs=1e-6)
    assert found.insertion == pytest.approx([0] + 16 * [1], abs=1e-6)
    assert found.random[[0, -1]] == pytest.approx([1, 0], abs=1e-6)
    assert (np.diff(found.random) <= 1e-9).all(), "in every order the cell goes once"
    assert area_under(found.deletion) == pytest.approx(1 / 32, abs=1e-6)
    again = curves(read, SQUARES[0], evidence, WHOLE, steps=16, seed=5)  # type: ignore[arg-type]
    assert np.array_equal(found.random, again.random)


def test_a_wrong_explanation_deletes_last() -> None:
    evidence = np.zeros((4, 4), np.float32)
    evidence[1, 2] = -3.0
    found = curves(cell_reader(SQUARES[0], 1, 2, when_sharp=20.0), SQUARES[0], evidence, WHOLE, 4, 0)  # type: ignore[arg-type]
    assert found.deletion == pytest.approx([1, 1, 1, 1, 0], abs=1e-6)
    assert found.insertion == pytest.approx([0, 0, 0, 0, 1], abs=1e-6)


def test_padding_is_neither_blurred_nor_counted() -> None:
    box = (slice(16, 48), slice(0, SIDE))
    soft = blurred(SQUARES[0], box)
    assert np.array_equal(soft[:16], SQUARES[0][:16]) and np.array_equal(soft[48:], SQUARES[0][48:])
    assert soft[box].std() < SQUARES[0][box].std() / 4
    evidence = np.zeros((4, 4), np.float32)
    evidence[0, 0], evidence[1, 2] = 9.0, 3.0  # the first lies in the padding
    found = curves(cell_reader(SQUARES[0], 1, 2, when_sharp=20.0), SQUARES[0], evidence, box, 8, 0)  # type: ignore[arg-type]
    assert found.deletion == pytest.approx([1] + 8 * [0], abs=1e-6)


@given(st.integers(1, 300), st.integers(1, 300))
def test_the_content_is_found_where_preprocessing_put_it(height: int, width: int) -> None:
    placed = PREPROCESS.place(height, width)
    content = np.array([height * placed.scale_y, width * placed.scale_x], np.float32)
    down, across = content_box(SIDE, content)
    assert (across.start, down.start) == (placed.left, placed.top)
    assert (down.stop - down.start, across.stop - across.start) == pytest.approx(tuple(content), abs=1e-3)


def test_pointing_looks_at_the_image_only() -> None:
    evidence, lesion = np.zeros((8, 8), np.float32), np.zeros((SIDE, SIDE), bool)
    lesion[24:40, 24:40] = True
    evidence[0, 0], evidence[3, 3] = 9.0, 1.0  # rows 0..15 are padding
    assert point(evidence, lesion, (slice(16, 48), slice(0, SIDE))).hit == 1
    assert point(evidence, lesion, WHOLE).hit == 0
    assert point(np.ones((8, 8), np.float32), lesion, WHOLE).energy == pytest.approx(lesion.mean())
