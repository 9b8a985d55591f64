"""Stage 1: partial labels, steps that do not depend on how they are cut into parts, exact resume."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from plain_stage_one import PREPROCESS, RECIPE, SIDE, PlainNet, draw_images, plain_net
from torch import Tensor

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import Curve, Message, Note
from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig, MtlOutput
from training import mtl_loop
from training.data import UNKNOWN, ImageSet
from training.distributed import World
from training.feed import Draw, Feed
from training.mtl_loop import Batch, Counts, Learner

CPU = torch.device("cpu")
STEP = replace(RECIPE, iterations=6, batch=16, warmup=2, validate_every=2)


@contextmanager
def learner(
    net: PlainNet, recipe: MtlRecipe = STEP, images: ImageSet | None = None, told: list[Message] | None = None
) -> Iterator[Learner]:
    images = images or draw_images(40)
    tell = (told if told is not None else []).append
    with Feed(images, CPU, partial(mtl_loop.draw, images, recipe, 3)) as feed:
        yield Learner(net, images, feed, PREPROCESS, recipe, 3, World(), tell)  # type: ignore[arg-type]


def gradients(net: PlainNet) -> list[Tensor]:
    return [value.grad.clone() for value in net.parameters() if value.grad is not None]


def close(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(torch.allclose(a, b, rtol=1e-5, atol=1e-7) for a, b in zip(one, other, strict=True))


def full_above(most: int, forward: Callable[[Tensor], MtlOutput], seen: list[int]) -> Callable[[Tensor], MtlOutput]:
    """A network that has no memory for more than ``most`` images."""

    def limited(x: Tensor) -> MtlOutput:
        seen.append(len(x))
        if len(x) > most:
            raise torch.OutOfMemoryError("CUDA out of memory.")
        return forward(x)

    return limited


@pytest.mark.parametrize("micro_batch", [1, 3, 5, 16, 99])
def test_images_a_few_at_once_give_the_gradients_of_all_at_once(micro_batch: int) -> None:
    whole, parts = plain_net(), plain_net()
    with learner(whole) as one, learner(parts, replace(STEP, micro_batch=micro_batch)) as other:
        for step in range(2):
            wanted, found = one(step), other(step)
            assert close(gradients(parts), gradients(whole))
            assert all(torch.isclose(found[name], wanted[name], rtol=1e-5) for name in wanted)
    assert set(wanted) == {"loss", "mask", "lesion", "status", "dice"}
    assert torch.isclose(wanted["loss"], sum(wanted[name] for name in wanted if name != "loss"))


@pytest.mark.parametrize(("most", "tried"), [(16, [16]), (8, [16, 8, 8]), (5, [16, 8, 4, 4, 4, 4]), (1, [16, 8, 4, 2])])
def test_a_full_memory_halves_the_images_at_once_and_changes_nothing(most: int, tried: list[int]) -> None:
    whole, small, seen, told = plain_net(), plain_net(), list[int](), list[Message]()
    with learner(whole) as one, learner(small, told=told) as other:
        other.forward = full_above(most, small, seen)
        wanted, found = one(0), other(0)
        assert seen[: len(tried)] == tried
        assert close(gradients(small), gradients(whole))
        assert torch.isclose(found["loss"], wanted["loss"], rtol=1e-5)
        seen.clear()
        other(1)
        assert max(seen) <= most
        notes = [m.text for m in told if isinstance(m, Note)]
        assert len(notes) == len({count for count in tried if count > most})
        assert all("memory is full" in text for text in notes)


def test_memory_that_ends_in_the_middle_of_a_step_leaves_nothing_behind() -> None:
    whole, small = plain_net(), plain_net()
    calls = 0

    def once(x: Tensor) -> MtlOutput:
        nonlocal calls
        calls += 1
        if calls == 3:  # two parts have left their gradients by then
            raise torch.OutOfMemoryError("CUDA out of memory.")
        output: MtlOutput = small(x)
        return output

    with learner(whole) as one, learner(small, replace(STEP, micro_batch=4)) as other:
        other.forward = once
        one(0), other(0)
        assert close(gradients(small), gradients(whole))


@pytest.mark.parametrize(
    ("error", "full"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB."), True),
        (RuntimeError("MPS backend out of memory (MPS allocated: 7.00 GB)"), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
            True,
        ),
        (RuntimeError("mat1 and mat2 shapes cannot be multiplied"), False),
    ],
)
def test_a_full_memory_in_the_words_of_every_device(error: RuntimeError, full: bool) -> None:
    net = plain_net()
    raised = False

    def once(x: Tensor) -> MtlOutput:
        nonlocal raised
        if not raised:
            raised = True
            raise error
        output: MtlOutput = net(x)
        return output

    with learner(net) as one:
        one.forward = once
        if full:
            assert one(0)["loss"] > 0
            assert one.at_once == 8
        else:
            with pytest.raises(RuntimeError, match="mat1"):
                one(0)


def test_no_memory_for_a_single_image_is_a_sentence() -> None:
    net = plain_net()
    with learner(net) as one:
        one.forward = full_above(0, net, [])
        with pytest.raises(BadProject, match="single image"):
            one(0)


def test_what_is_drawn_for_a_step_does_not_depend_on_a_full_memory() -> None:
    drawn: list[list[float]] = []

    def dropping(most: int) -> Callable[[Tensor], MtlOutput]:
        def forward(x: Tensor) -> MtlOutput:
            drawn.append(torch.rand(2).tolist())
            if len(x) > most:
                raise torch.OutOfMemoryError("CUDA out of memory.")
            output: MtlOutput = plain_net()(x)
            return output

        return forward

    net = plain_net()
    with learner(net) as one:
        one.forward = dropping(8)
        one(0)
    assert drawn[0] == drawn[1]


def test_a_network_of_the_status_alone_learns_no_mask() -> None:
    with learner(plain_net(tasks="status")) as one:
        losses = one(0)
        assert losses["status"] > 0
        assert losses["mask"] == losses["lesion"] == losses["dice"] == 0
        assert (one.net.decoder.weight.grad == 0).all()


# What a step looks at


def test_a_step_depends_on_seed_and_step_alone() -> None:
    images = draw_images(40)

    def drawn(seed: int, step: int) -> Draw:
        return mtl_loop.draw(images, STEP, seed, step)

    first, same = drawn(5, 3), drawn(5, 3)
    assert np.array_equal(first.index, same.index)
    assert first.variation is not None and same.variation is not None
    assert torch.equal(first.variation.matrix, same.variation.matrix)
    assert torch.equal(first.variation.hue, same.variation.hue)
    assert not np.array_equal(first.index, drawn(5, 4).index)
    assert not np.array_equal(first.index, drawn(6, 3).index)


@given(st.integers(1, 23), st.integers(1, 9), st.integers(0, 99))
def test_every_image_is_seen_once_an_epoch(count: int, batch: int, seed: int) -> None:
    images, recipe = draw_images(count), replace(STEP, batch=batch)
    seen = np.concatenate([mtl_loop.chosen(images, recipe, seed, step) for step in range(2 * count)])
    for epoch in range(2 * batch):
        assert sorted(seen[epoch * count : (epoch + 1) * count]) == list(range(count))


def test_epochs_differ_in_their_order() -> None:
    images, recipe = draw_images(20), replace(STEP, batch=20)
    assert not np.array_equal(*(mtl_loop.chosen(images, recipe, 0, step) for step in range(2)))


@given(st.integers(1, 30), st.integers(1, 12), st.integers(1, 9), st.integers(0, 99))
def test_balanced_every_patient_is_seen_once_an_epoch(count: int, patients: int, batch: int, seed: int) -> None:
    images, recipe = draw_images(count, patients=patients), replace(STEP, batch=batch, balanced=True)
    everyone = len(set(images.patient.tolist()))
    steps = -(-3 * everyone // batch)
    seen = np.concatenate([mtl_loop.chosen(images, recipe, seed, step) for step in range(steps)])
    for epoch in range(3):
        assert sorted(images.patient[seen[epoch * everyone : (epoch + 1) * everyone]]) == list(range(everyone))


def test_balanced_all_images_of_a_patient_have_their_turn() -> None:
    images, recipe = draw_images(12, patients=2), replace(STEP, batch=2, balanced=True)
    seen = np.concatenate([mtl_loop.chosen(images, recipe, 0, step) for step in range(60)])
    assert set(seen.tolist()) == set(range(12))


@given(st.floats(0.05, 0.95), st.integers(1, 9), st.booleans(), st.integers(0, 99))
def test_those_without_an_outcome_have_their_share(share: float, batch: int, balanced: bool, seed: int) -> None:
    images = draw_images(30, patients=10)
    recipe = replace(STEP, batch=batch, balanced=balanced, without_outcome=share)
    unknown = images.status == UNKNOWN
    assert 0 < unknown.sum() < 30
    seen = np.concatenate([mtl_loop.chosen(images, recipe, seed, step) for step in range(-(-200 // batch))])
    turns = unknown[seen]
    assert abs(turns.mean() - share) <= 1 / len(seen) + 1e-9
    unit = images.patient if balanced else np.arange(30)
    for part in (unknown, ~unknown):
        mine, count = unit[seen[part[seen]]], len(set(unit[part].tolist()))
        for epoch in range(len(mine) // count):
            assert len(set(mine[epoch * count : (epoch + 1) * count].tolist())) == count


def test_a_share_of_nobody_changes_nothing() -> None:
    images = draw_images(12)
    known = replace(images, taught=tuple(replace(entry, status=1) for entry in images.taught))
    asked = (replace(STEP, batch=5), replace(STEP, batch=5, without_outcome=0.5))
    plain, shared = (np.concatenate([mtl_loop.chosen(known, one, 0, step) for step in range(9)]) for one in asked)
    assert np.array_equal(plain, shared)


def test_without_augmentation_the_network_sees_the_image_as_at_inference() -> None:
    images, seen = draw_images(9), list[Tensor]()
    net = plain_net()
    with learner(net, replace(STEP, augment=False, batch=4), images) as one:

        def looking(x: Tensor) -> MtlOutput:
            seen.append(x)
            output: MtlOutput = net(x)
            return output

        one.forward = looking
        one(0)
    index = np.sort(mtl_loop.chosen(images, replace(STEP, batch=4), 3, 0))
    assert torch.equal(seen[0], PREPROCESS.normalise(torch.from_numpy(images.image[index]).permute(0, 3, 1, 2)))


def test_the_losses_of_a_step_are_those_of_its_images() -> None:
    images, recipe = draw_images(16), replace(STEP, augment=False)
    with learner(plain_net(), recipe, images) as one:
        found = one(0)
    x = PREPROCESS.normalise(torch.from_numpy(images.image).permute(0, 3, 1, 2))
    labels = [torch.from_numpy(values) for values in (images.outlined, images.lesion, images.status)]
    counts = Counts(int(labels[0].sum()), int((labels[1] >= 0).sum()), int((labels[2] >= 0).sum()))
    batch = Batch(x, torch.from_numpy(images.mask), *labels)
    for name, value in mtl_loop.losses(plain_net()(x), batch, counts, recipe).items():
        assert torch.isclose(found[name], value, rtol=1e-5), name


# Compilation


def fails_at_once(net: object, **options: object) -> None:
    raise RuntimeError("Dynamo is not supported on this Python\nand more words")


def fails_when_called(net: object, **options: object) -> Callable[[Tensor], MtlOutput]:
    def forward(x: Tensor) -> MtlOutput:
        raise RuntimeError("no C++ compiler was found")

    return forward


@pytest.mark.parametrize(
    ("compiler", "words"), [(fails_at_once, "Dynamo is not supported"), (fails_when_called, "no C++ compiler")]
)
def test_where_nothing_can_be_compiled_it_goes_on_without(
    monkeypatch: pytest.MonkeyPatch, compiler: object, words: str
) -> None:
    plain, tried, told = plain_net(), plain_net(), list[Message]()
    monkeypatch.setattr(torch, "compile", compiler)
    with learner(plain) as one, learner(tried, replace(STEP, compile=True), told=told) as other:
        for step in range(3):
            one(step), other(step)
            assert close(gradients(tried), gradients(plain))
    (note,) = told
    assert isinstance(note, Note)
    assert words in note.text and "\n" not in note.text


def test_a_compiled_network_may_run_out_of_memory_too(monkeypatch: pytest.MonkeyPatch) -> None:
    net, seen, told = plain_net(), list[int](), list[Message]()
    monkeypatch.setattr(torch, "compile", lambda net, **options: full_above(4, net, seen))
    with learner(net, replace(STEP, compile=True), told=told) as one:
        one(0)
    assert seen == [16, 8, 4, 4, 4, 4]
    assert all(isinstance(m, Note) and "memory is full" in m.text for m in told)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("g++") is None, reason="needs a C++ compiler")
def test_a_compiled_network_gives_the_same_gradients() -> None:
    plain, fused, told = plain_net(), plain_net(), list[Message]()
    with learner(plain) as one, learner(fused, replace(STEP, compile=True), told=told) as other:
        for step in range(2):
            one(step), other(step)
            for a, b in zip(gradients(fused), gradients(plain), strict=True):
                assert torch.allclose(a, b, rtol=1e-4, atol=1e-5)
    assert told == []


# Whole trainings


def train(
    net: PlainNet, state: Path, stop_at: int = 0, recipe: MtlRecipe = STEP, told: list[Message] | None = None
) -> bool:
    """Train; ask to stop at the ``stop_at``-th step (0: never)."""
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == stop_at

    tell = (told if told is not None else []).append
    fit, tune = draw_images(40), draw_images(20, seed=1)
    return mtl_loop.train(net, fit, tune, PREPROCESS, recipe, 1, state, tell, should_stop)  # type: ignore[arg-type]


@pytest.mark.parametrize("stop_at", [1, 3, 4])
def test_a_resumed_training_ends_exactly_where_an_uninterrupted_one_does(tmp_path: Path, stop_at: int) -> None:
    recipe = replace(STEP, ema=0.8, keep="best", patience=2, micro_batch=5, rotate=10.0, gamma=0.2, balanced=True)
    whole, again = plain_net(norm=True), plain_net(norm=True)
    assert train(whole, tmp_path / "whole.safetensors", recipe=recipe)
    assert not train(plain_net(norm=True), tmp_path / "halves.safetensors", stop_at, recipe)
    assert train(again, tmp_path / "halves.safetensors", recipe=recipe)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_the_real_network_goes_on_exactly_too(tmp_path: Path) -> None:
    def fresh() -> PlainNet:
        torch.manual_seed(0)
        return build_mtl(MtlConfig(size=SIDE, mask_tokens=2, type_tokens=True))  # type: ignore[return-value]

    recipe = replace(STEP, iterations=4, batch=3, ema=0.8)
    whole, again = fresh(), fresh()
    assert train(whole, tmp_path / "whole.safetensors", recipe=recipe)
    assert not train(fresh(), tmp_path / "halves.safetensors", 2, recipe)
    assert train(again, tmp_path / "halves.safetensors", recipe=recipe)
    for name, value in whole.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]), name


def test_everything_new_learns_at_the_rate_of_the_heads() -> None:
    net = build_mtl(MtlConfig(size=SIDE, type_tokens=True, shape_tokens=True))
    fast = {name.partition(".")[0] for name, _ in net.named_parameters() if name.startswith(mtl_loop.FAST_PARTS)}
    assert fast == {"decoder", "lesion_head", "status_head", "type_vectors", "shape_vectors"}


def test_it_learns_plain_discs(tmp_path: Path) -> None:
    told: list[Message] = []
    recipe = replace(STEP, iterations=150, learning_rate=1e-2, head_rate=1.0, validate_every=150, scale_low=1, rotate=0)
    assert train(plain_net(), tmp_path / "state.safetensors", recipe=recipe, told=told)
    (reached,) = (m.values for m in told if isinstance(m, Curve) and m.part == "validation")
    assert reached["dice"] > 0.6
    assert reached["status_auc"] > 0.8


def test_nothing_to_learn_from_is_a_sentence(tmp_path: Path) -> None:
    arguments = (PREPROCESS, STEP, 1, tmp_path / "state.safetensors", lambda message: None, lambda: False)
    with pytest.raises(BadProject, match="no image that teaches"):
        mtl_loop.train(plain_net(), draw_images(0), draw_images(4), *arguments)  # type: ignore[arg-type]


def test_goodness_is_the_mean_of_what_is_defined() -> None:
    nan = float("nan")
    assert mtl_loop.goodness({"dice": 0.4, "lesion_accuracy": nan, "status_auc": 0.8, "miou": 0.0}) == pytest.approx(
        0.6
    )
    assert np.isnan(mtl_loop.goodness({"dice": nan, "lesion_accuracy": nan, "status_auc": nan}))
