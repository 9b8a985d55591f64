from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from aln_desk.domain.errors import BadFile
from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.reading_images import TorchNetwork, ahead, decode, read_images

PREPROCESS = Preprocess(size=64)


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    random = np.random.default_rng(0)
    for at in range(5):
        cv2.imwrite(str(tmp_path / f"{at}.png"), random.integers(0, 255, (40 + at, 50, 3), np.uint8))
    return sorted(tmp_path.iterdir())


def network(batch: int) -> TorchNetwork:
    torch.manual_seed(0)
    return TorchNetwork(build_mtl(MtlConfig(size=64, mask_tokens=2)), PREPROCESS, batch)


def test_findings_are_the_networks_on_the_preprocessed_image(files: list[Path]) -> None:
    net = build_mtl(MtlConfig(size=64, mask_tokens=2)).eval()
    found = list(read_images(TorchNetwork(net, PREPROCESS, 2), PREPROCESS, files))
    assert len(found) == 5
    square = decode(PREPROCESS, files[4])
    assert (square.height, square.width) == (44, 50)
    with torch.no_grad():
        x = torch.from_numpy(square.pixels)[None].permute(0, 3, 1, 2)
        expected = net(PREPROCESS.normalise(x))
    assert np.allclose(found[4].mask_logits, expected.lesion_mask_logits[0], atol=1e-5)
    assert np.allclose(found[4].cam, expected.cam[0], atol=1e-5)
    assert np.allclose(found[4].token, expected.token[0], atol=1e-5)
    assert found[4].lesion_logit == pytest.approx(expected.lesion_logit.item(), abs=1e-5)
    assert found[4].status_logit == pytest.approx(expected.status_logit.item(), abs=1e-5)


@pytest.mark.parametrize("batch", [1, 2, 5, 16])
def test_batches_do_not_change_what_is_found(files: list[Path], batch: int) -> None:
    alone = [next(read_images(network(1), PREPROCESS, [file])) for file in files]
    together = list(read_images(network(batch), PREPROCESS, files))
    assert all(np.allclose(a.token, b.token, atol=1e-5) for a, b in zip(alone, together, strict=True))


def test_an_image_that_cannot_be_read_is_an_error(files: list[Path]) -> None:
    files[2].write_bytes(b"nothing")
    with pytest.raises(BadFile, match=r"2\.png"):
        list(read_images(network(1), PREPROCESS, files))


def test_ahead_keeps_the_order_and_begins_no_more_than_allowed() -> None:
    begun: list[int] = []
    lock = threading.Lock()

    def work(number: int) -> int:
        with lock:
            begun.append(number)
        time.sleep(0.002 * (number % 3))
        return number * number

    with ThreadPoolExecutor(4) as pool:
        made = ahead(pool, work, range(12), 3)
        assert next(made) == 0
        assert len(begun) <= 3
        assert list(made) == [n * n for n in range(1, 12)]
    assert sorted(begun) == list(range(12))


def test_ahead_drops_the_rest_when_nobody_asks_any_more() -> None:
    begun: list[int] = []
    with ThreadPoolExecutor(1) as pool:
        made = ahead(pool, lambda n: begun.append(n) or time.sleep(0.01), range(100), 10)
        next(made)
        made.close()
    assert len(begun) < 11
