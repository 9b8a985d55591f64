"""Training on a CUDA device: what a CPU does, in bf16 and faster."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch
from plain_stage_one import PREPROCESS, RECIPE, SIDE, draw_images
from torch import Tensor, nn

from aln_desk.domain.messages import Message, Note
from aln_desk.domain.recipe import MilRecipe, MtlRecipe
from aln_desk.io import checkpoint
from aln_desk.models.build import build_mil, build_mtl
from aln_desk.models.mil import MilConfig
from aln_desk.models.mtl import MtlConfig, MtlOutput
from training import feed, mil_loop, mtl_loop
from training.distributed import World
from training.feed import Feed
from training.mtl_loop import Learner

pytestmark = [pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")]

CPU, DEVICE = torch.device("cpu"), torch.device("cuda")
STEP = replace(RECIPE, iterations=6, batch=8, warmup=2, validate_every=3)


@contextmanager
def learner(device: torch.device, recipe: MtlRecipe = STEP, told: list[Message] | None = None) -> Iterator[Learner]:
    """Of the real network; the same parameters and images on every device."""
    torch.manual_seed(0)
    net = build_mtl(MtlConfig(size=SIDE, mask_tokens=2)).to(device).train()
    images = draw_images(40)
    tell = (told if told is not None else []).append
    with Feed(images, device, partial(mtl_loop.draw, images, recipe, 3)) as found:
        yield Learner(net, images, found, PREPROCESS, recipe, 3, World(), tell)


def gradient(net: nn.Module) -> Tensor:
    """All gradients, end to end, on the CPU."""
    return torch.cat([p.grad.detach().float().cpu().flatten() for p in net.parameters() if p.grad is not None])


def alike(one: Tensor, other: Tensor, least: float) -> bool:
    """Whether two gradients point the same way (cosine) and are about as long."""
    length = (one.norm() / other.norm()).item()
    return torch.cosine_similarity(one, other, dim=0).item() > least and 0.95 < length < 1.05


@pytest.mark.parametrize("augmented", [False, True])
def test_a_step_in_bf16_is_the_step_of_the_cpu(augmented: bool) -> None:
    recipe = replace(STEP, augment=augmented)
    with learner(CPU, recipe) as exact, learner(DEVICE, recipe) as tried:
        for step in range(2):
            wanted, found = exact(step), tried(step)
            for name, value in wanted.items():
                assert found[name].item() == pytest.approx(value.item(), rel=0.01, abs=0.01), name
            assert alike(gradient(tried.net), gradient(exact.net), 0.99)


@pytest.mark.parametrize("room", [0.4, 0.0])
def test_images_reach_the_device_unchanged(monkeypatch: pytest.MonkeyPatch, room: float) -> None:
    monkeypatch.setattr(feed, "RESIDENT_SHARE", room)
    images = draw_images(20)
    with Feed(images, DEVICE, partial(mtl_loop.draw, images, STEP, 3)) as found:
        for step in range(3):
            drawn, pixels, mask = found.take(step)
            assert pixels.device.type == mask.device.type == DEVICE.type
            assert np.array_equal(pixels.cpu().numpy(), images.image[drawn.index])
            assert np.array_equal(mask.cpu().numpy(), images.mask[drawn.index])


def test_where_nothing_can_be_compiled_it_goes_on_without(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_compiler(net: object, **options: object) -> None:
        raise RuntimeError("no compiler for this card\nand more words")

    monkeypatch.setattr(torch, "compile", no_compiler)
    told: list[Message] = []
    with learner(DEVICE) as plain, learner(DEVICE, replace(STEP, compile=True), told) as tried:
        plain(0), tried(0)
        assert alike(gradient(tried.net), gradient(plain.net), 0.999)
    (note,) = told
    assert isinstance(note, Note) and "no compiler for this card" in note.text


@pytest.mark.slow
def test_a_compiled_step_is_the_plain_one() -> None:
    told: list[Message] = []
    with learner(DEVICE) as plain, learner(DEVICE, replace(STEP, compile=True), told) as tried:
        for step in range(2):
            plain(step), tried(step)
            assert alike(gradient(tried.net), gradient(plain.net), 0.98)
    assert told == []


def test_a_full_memory_halves_the_images_at_once_and_changes_nothing() -> None:
    """A real one: what the network takes for 32 images is more than the process may have, that for 16 is less."""
    recipe, told = replace(STEP, batch=32), list[Message]()
    with learner(DEVICE, recipe) as roomy, learner(DEVICE, recipe, told) as tight:
        roomy(0)
        tight.forward = hungry(tight.net)
        with memory_left(24 * HUNGER):
            tight(0)
        assert tight.at_once == 16
        assert alike(gradient(tight.net), gradient(roomy.net), 0.99)
    (note,) = told
    assert isinstance(note, Note) and "16 images at once" in note.text


HUNGER = 128 * 2**20


def hungry(net: nn.Module) -> Callable[[Tensor], MtlOutput]:
    """The network, which takes `HUNGER` bytes an image while it works."""

    def forward(x: Tensor) -> MtlOutput:
        taken = torch.empty(len(x), HUNGER, dtype=torch.uint8, device=DEVICE)
        output: MtlOutput = net(x)
        del taken
        return output

    return forward


@contextmanager
def memory_left(size: int) -> Iterator[None]:
    """Within, this process may have ``size`` bytes of the device beside those that it has."""
    torch.cuda.empty_cache()
    whole = torch.cuda.get_device_properties(DEVICE).total_memory
    torch.cuda.set_per_process_memory_fraction(min(1.0, (torch.cuda.memory_reserved() + size) / whole))
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)


@pytest.mark.parametrize("ema", [0.0, 0.8])
def test_a_stopped_stage_one_goes_on(tmp_path: Path, ema: float) -> None:
    """Not bit for bit, as on a CPU, but to the same place."""
    recipe = replace(STEP, ema=ema, micro_batch=3)
    whole, halves = tmp_path / "whole.safetensors", tmp_path / "halves.safetensors"
    assert stage_one(recipe, whole, stop_at=0)
    assert not stage_one(recipe, halves, stop_at=3)
    assert stage_one(recipe, halves, stop_at=0)
    one, other = (checkpoint.load_tensors(file.with_name(f"{file.stem}-end.safetensors")) for file in (whole, halves))
    for name, value in one.items():
        assert np.allclose(other[name], value, atol=2 * STEP.learning_rate * STEP.head_rate), name


def stage_one(recipe: MtlRecipe, state: Path, stop_at: int) -> bool:
    """Train; the parameters as they then are go beside ``state``, in a file of the same name with ``-end``."""
    torch.manual_seed(0)
    net = build_mtl(MtlConfig(size=SIDE)).to(DEVICE)
    asked = 0

    def should_stop() -> bool:
        nonlocal asked
        asked += 1
        return asked == stop_at

    fit, tune = draw_images(40), draw_images(20, seed=1)
    done = mtl_loop.train(net, fit, tune, PREPROCESS, recipe, 1, state, lambda message: None, should_stop)
    arrays = {name: value.cpu().numpy() for name, value in net.state_dict().items()}
    checkpoint.save_tensors(state.with_name(f"{state.stem}-end.safetensors"), arrays, {})
    return done


@pytest.mark.parametrize("kind", ["transformer", "gated-abmil", "dual-stream"])
def test_stage_two_learns_what_it_learns_on_the_cpu(tmp_path: Path, kind: str) -> None:
    """Without dropout, whose random numbers differ between devices."""
    bags, recipe = drawn_bags(60), MilRecipe(epochs=3, batch=8, learning_rate=5e-4, warmup=5, node_dropout=0.0)
    found = {}
    for device in (CPU, DEVICE):
        torch.manual_seed(0)
        net = build_mil(MilConfig(kind=kind, layers=2, dropout=0.0)).to(device)
        state = tmp_path / f"{device.type}.safetensors"
        assert mil_loop.train(net, bags, bags, recipe, 1, state, lambda message: None, lambda: False)
        found[device.type] = mil_loop.logits(net, bags)
    assert found["cpu"].std() > 0.05
    assert np.allclose(found[DEVICE.type], found["cpu"], atol=0.02)


def test_stage_two_learns_with_everything_on(tmp_path: Path) -> None:
    bags, recipe = drawn_bags(60), MilRecipe(epochs=12, batch=8, learning_rate=1e-3, warmup=5, node_dropout=0.2)
    torch.manual_seed(0)
    net = build_mil(MilConfig(layers=2, dropout=0.1, members=2, view_embedding=True)).to(DEVICE)
    assert mil_loop.train(net, bags, bags, recipe, 1, tmp_path / "s.safetensors", lambda message: None, lambda: False)
    assert mil_loop.validate(net, bags)["auc"] > 0.9


def drawn_bags(patients: int) -> mil_loop.Bags:
    """Bags of 1 to 4 tokens, the first number of which tells the outcome."""
    draw = torch.Generator().manual_seed(0)
    outcome = (torch.arange(patients) % 2).float()
    present = torch.arange(4)[None] < 1 + torch.arange(patients)[:, None] % 4
    tokens = 0.3 * torch.randn(patients, 4, 256, generator=draw)
    tokens[..., 0] += 6 * outcome[:, None] - 3
    view = torch.arange(4).expand(patients, 4) % 2
    return mil_loop.Bags(tuple(map(str, range(patients))), tokens * present[..., None], present, view, outcome)
