"""The images of a step, fetched ahead of it."""

from __future__ import annotations

import itertools
import threading

import numpy as np
import pytest
import torch
from plain_stage_one import RECIPE, SIDE, draw_images

from training import augment, feed
from training.feed import Draw, Feed

CPU = torch.device("cpu")


def plain_draw(step: int) -> Draw:
    return Draw(np.array([step, 2 * step, 7]), None)


@pytest.mark.parametrize("ahead", [False, True])
@pytest.mark.parametrize("resident", [False, True])
def test_a_step_has_the_images_it_names(monkeypatch: pytest.MonkeyPatch, resident: bool, ahead: bool) -> None:
    monkeypatch.setattr(feed, "_fits", lambda data, device: resident)
    images = draw_images(20)
    with Feed(images, CPU, plain_draw, ahead) as found:
        for step in (0, 1, 2, 5, 6):  # 5: where a resumed run begins
            drawn, pixels, mask = found.take(step)
            assert drawn.index.tolist() == [step, 2 * step, 7]
            assert np.array_equal(pixels.numpy(), images.image[drawn.index])
            assert np.array_equal(mask.numpy(), images.mask[drawn.index])
            assert pixels.dtype == mask.dtype == torch.uint8


def test_it_draws_the_next_step_before_it_is_asked_for() -> None:
    drawn_ahead = threading.Event()

    def draw(step: int) -> Draw:
        if step == 4:
            drawn_ahead.set()
        return plain_draw(step)

    with Feed(draw_images(20), CPU, draw, draws_ahead=True) as found:
        found.take(3)
        assert drawn_ahead.wait(timeout=30)


def test_beside_a_network_on_the_cpu_nothing_is_drawn_ahead() -> None:
    steps: list[tuple[int, str]] = []

    def draw(step: int) -> Draw:
        steps.append((step, threading.current_thread().name))
        return plain_draw(step)

    with Feed(draw_images(20), CPU, draw) as found:
        found.take(3)
    assert steps == [(3, threading.current_thread().name)]


def test_each_step_is_drawn_once() -> None:
    steps: list[int] = []

    def draw(step: int) -> Draw:
        steps.append(step)
        return plain_draw(step)

    with Feed(draw_images(20), CPU, draw, draws_ahead=True) as found:
        for step in range(4):
            found.take(step)
    assert steps[:4] == [0, 1, 2, 3]
    assert len(steps) == len(set(steps)) <= 5


def test_an_error_in_the_thread_reaches_who_asked() -> None:
    def draw(step: int) -> Draw:
        if step == 1:
            raise LookupError("no such image")
        return plain_draw(step)

    with Feed(draw_images(20), CPU, draw, draws_ahead=True) as found:
        found.take(0)
        with pytest.raises(LookupError, match="no such image"):
            found.take(1)


def test_the_time_waited_for_data_is_added_up(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = itertools.count(0.0, 2.5)
    with Feed(draw_images(20), CPU, plain_draw) as found:
        monkeypatch.setattr(feed.time, "perf_counter", lambda: next(clock))
        found.take(0)
        found.take(1)
        monkeypatch.undo()
        assert found.waited == 5.0


def test_its_thread_ends_with_it_also_after_an_error() -> None:
    with pytest.raises(KeyError), Feed(draw_images(20), CPU, plain_draw, draws_ahead=True) as found:
        found.take(0)
        assert any(thread.name.startswith("feed") for thread in threading.enumerate())
        raise KeyError
    assert not any(thread.name.startswith("feed") for thread in threading.enumerate())


def test_a_part_of_a_step_has_its_own_images_and_variations() -> None:
    count, generator = 6, torch.Generator().manual_seed(0)
    images = draw_images(count)
    coarse, content = torch.from_numpy(images.coarse), torch.from_numpy(images.content)
    variation = augment.draw(coarse, content, SIDE, RECIPE, generator)
    part = Draw(np.arange(count), variation).part(slice(2, 5))
    assert part.index.tolist() == [2, 3, 4]
    assert part.variation is not None
    assert torch.equal(part.variation.matrix, variation.matrix[2:5])
    assert Draw(np.arange(count), None).part(slice(0, 1)).variation is None


def test_only_a_card_with_room_keeps_all_images(monkeypatch: pytest.MonkeyPatch) -> None:
    images, cuda = draw_images(20), torch.device("cuda")
    size = images.image.nbytes + images.mask.nbytes
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (3 * size, 4 * size))
    assert feed._fits(images, cuda)
    assert not feed._fits(images, CPU)
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (2 * size, 4 * size))
    assert not feed._fits(images, cuda)
