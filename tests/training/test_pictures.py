"""Snapshots of a few held-out images while a network learns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from plain_stage_one import PREPROCESS, draw_images, plain_net

from aln_desk.domain.messages import Message, SnapshotTaken
from aln_desk.io import snapshots
from training import pictures
from training.data import UNKNOWN


def test_a_snapshot_shows_what_the_network_makes_of_the_images(tmp_path: Path) -> None:
    images, net, told = draw_images(30), plain_net().train(), list[Message]()
    take = pictures.taker(net, images, PREPROCESS, tmp_path, told.append)
    take(20)
    take(40)
    assert [(m.stage, m.step) for m in told if isinstance(m, SnapshotTaken)] == [("mtl", 20), ("mtl", 40)]
    assert [tmp_path / m.file for m in told if isinstance(m, SnapshotTaken)] == snapshots.listed(tmp_path)
    assert isinstance(told[0], SnapshotTaken) and not Path(told[0].file).is_absolute()
    found = snapshots.read(snapshots.listed(tmp_path)[0])
    shown = pictures.choose(images)
    assert (found.step, len(found.instance)) == (20, pictures.COUNT)
    assert found.instance == [images.taught[k].instance.id for k in shown]
    assert np.array_equal(found.drawn, images.mask[shown])
    with torch.no_grad():
        output = net(PREPROCESS.normalise(torch.from_numpy(images.image[shown]).permute(0, 3, 1, 2)))
    assert np.array_equal(found.mask > 127, (output.lesion_mask_logits.sigmoid() * 255).byte().numpy() > 127)
    assert np.allclose(found.status, output.status_logit.sigmoid().numpy(), atol=1e-6)
    assert np.allclose(found.cam.mean((1, 2)), output.status_logit.numpy(), atol=1e-5)
    assert net.training


def test_images_with_a_lesion_are_shown_first() -> None:
    images = draw_images(30)
    shown = pictures.choose(images)
    assert len(set(shown.tolist())) == pictures.COUNT
    assert (images.lesion[shown] != UNKNOWN).all()


def test_where_nothing_is_drawn_or_little_there_is_any_image_is_shown() -> None:
    images = draw_images(12)
    bare = replace(images, taught=tuple(replace(t, outlined=False, lesion=UNKNOWN) for t in images.taught))
    assert len(pictures.choose(bare)) == pictures.COUNT
    assert pictures.choose(draw_images(2)).tolist() == [0, 1]
