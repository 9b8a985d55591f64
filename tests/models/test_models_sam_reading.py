from __future__ import annotations

import contextlib

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from segment_anything import SamPredictor
from tiny_sam import SIDE, tiny_file, tiny_sam
from torch.nn import functional as F

from aln_desk.domain.errors import BadSetting
from aln_desk.io.embeddings import Embedding
from aln_desk.models import sam_reading
from aln_desk.models.sam import SamModel, load_sam
from aln_desk.models.sam_reading import Answer, Encoding, Prompt, answer, mask_in_image

HEIGHT, WIDTH = 90, 150
IMAGE = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> SamModel:
    return load_sam(tiny_file(tmp_path_factory.mktemp("sam")), torch.device("cpu"))


@pytest.fixture(autouse=True)
def full_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sam_reading, "learning_precision", lambda device: contextlib.nullcontext())


@pytest.fixture
def embedding(model: SamModel) -> Embedding:
    encoding = Encoding(model, IMAGE)
    while encoding.done < encoding.total:
        encoding.step()
    return encoding.embedding()


@pytest.fixture(scope="module")
def predictor() -> SamPredictor:
    predictor = SamPredictor(tiny_sam())
    predictor.set_image(IMAGE)
    return predictor


def close(one: np.ndarray, two: np.ndarray, share: float = 3e-3) -> bool:
    """Up to the rounding of embeddings to float16."""
    return bool(np.abs(one - two).max() < share * np.abs(two).max())


def index(point: tuple[float, float]) -> list[float]:
    """Where `SamPredictor` has the centre of our place: it adds half a pixel of the square, not of the image."""
    scale = SIDE / WIDTH
    return [coordinate - 0.5 / scale for coordinate in point]


def test_the_embedding_is_that_of_segment_anything(embedding: Embedding, predictor: SamPredictor) -> None:
    assert (embedding.height, embedding.width, embedding.features.dtype) == (HEIGHT, WIDTH, np.float16)
    assert close(embedding.features.astype(np.float32), predictor.features[0].numpy())


def test_a_click_gives_the_best_of_three_masks(model: SamModel, embedding: Embedding, predictor: SamPredictor) -> None:
    point = (60.5, 40.5)
    _, scores, logits = predictor.predict(np.array([index(point)]), np.array([1]), multimask_output=True)
    found = answer(model, embedding, Prompt((point,), (1,)))
    assert close(found.logits, logits[scores.argmax()])
    assert abs(found.score - scores.max()) < 1e-3


def test_clicks_that_leave_no_choice_give_the_one_mask(
    model: SamModel, embedding: Embedding, predictor: SamPredictor
) -> None:
    points, labels, box = ((60.5, 40.5), (9.0, 80.0)), (1, 0), (5.0, 6.5, 100.0, 70.0)
    theirs = np.array([index(point) for point in points]), np.array(labels)
    corners = np.array([*index(box[:2]), *index(box[2:])])
    for given_box, expected_box in ((None, None), (box, corners)):
        _, scores, logits = predictor.predict(*theirs, box=expected_box, multimask_output=False)
        found = answer(model, embedding, Prompt(points, labels, given_box))
        assert close(found.logits, logits[0])
        assert abs(found.score - scores[0]) < 1e-3
    _, _, logits = predictor.predict(box=corners, multimask_output=False)
    assert close(answer(model, embedding, Prompt(box=box)).logits, logits[0])


def test_a_further_click_starts_from_the_mask_before(
    model: SamModel, embedding: Embedding, predictor: SamPredictor
) -> None:
    first, second = Prompt(((60.5, 40.5),), (1,)), Prompt(((60.5, 40.5), (9.0, 80.0)), (1, 0))
    before = answer(model, embedding, first)
    theirs = np.array([index(point) for point in second.points]), np.array(second.labels)
    _, _, logits = predictor.predict(*theirs, mask_input=before.logits[None], multimask_output=False)
    found = answer(model, embedding, second, before)
    assert close(found.logits, logits[0])
    assert not close(found.logits, answer(model, embedding, second).logits)


@pytest.mark.parametrize(
    ("points", "labels", "box"),
    [((), (), None), (((1.0, 1.0),), (), None), ((), (1,), (0.0, 0.0, 1.0, 1.0)), (((1.0, 1.0),), (2,), None)],
)
def test_prompts_that_mean_nothing_are_refused(points: tuple, labels: tuple, box: tuple | None) -> None:
    with pytest.raises(BadSetting):
        Prompt(points, labels, box)


def test_a_prompt_refines_what_it_continues() -> None:
    one, two = Prompt(((1.0, 1.0),), (1,)), Prompt(((1.0, 1.0), (2.0, 2.0)), (1, 0))
    assert two.refines(one)
    assert not one.refines(two) and not one.refines(one)
    assert not two.refines(Prompt(((1.0, 1.0),), (0,)))
    assert not two.refines(Prompt(((1.0, 1.0),), (1,), (0.0, 0.0, 9.0, 9.0)))
    assert Prompt(((1.0, 1.0),), (1,), (0.0, 0.0, 9.0, 9.0)).refines(Prompt(box=(0.0, 0.0, 9.0, 9.0)))


def test_an_image_of_which_nothing_is_left_is_refused(model: SamModel) -> None:
    with pytest.raises(BadSetting, match="300 x 1 pixels is too narrow"):
        Encoding(model, np.zeros((1, 300, 3), np.uint8))


# -- back onto the image -----------------------------------------------------------------------------------------------


def on_image(model: SamModel, logits: np.ndarray, height: int, width: int) -> np.ndarray:
    """The mask as `mask_in_image` cuts it out, put where it belongs."""
    embedding = Embedding(np.zeros((1, 1, 1), np.float16), height, width)
    mask, left, top = mask_in_image(model, embedding, Answer(logits, 0.0))
    whole = np.zeros((height, width), np.bool_)
    assert 0 <= left <= width - mask.shape[1] and 0 <= top <= height - mask.shape[0]
    whole[top : top + mask.shape[0], left : left + mask.shape[1]] = mask
    return whole


def test_a_square_image_gets_the_mask_that_torch_interpolates(model: SamModel) -> None:
    logits = np.random.default_rng(1).normal(size=(32, 32)).astype(np.float32)
    for side in (32, 77, 200):
        whole = F.interpolate(torch.from_numpy(logits)[None, None], (side, side), mode="bilinear")[0, 0].numpy()
        sure = np.abs(whole) > 1e-4  # nearer to 0 rounding decides
        assert (on_image(model, logits, side, side) == (whole > 0))[sure].all()
        assert sure.mean() > 0.99


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(1, 300), st.integers(1, 300), st.integers(0, 2**32 - 1), st.floats(-3, 3))
def test_the_part_that_is_looked_at_holds_all_of_the_object(
    model: SamModel, height: int, width: int, seed: int, shift: float
) -> None:
    """As if the logits were interpolated over the whole image."""
    assume(2 * SIDE * min(height, width) > max(height, width))  # else nothing of it is left in the square
    logits = (np.random.default_rng(seed).normal(size=(32, 32)) - shift).astype(np.float32)
    found = on_image(model, logits, height, width)
    scale_x, scale_y = (scale * 32 / SIDE for scale in sam_reading._scales(model, Embedding(None, height, width)))
    x = np.clip((np.arange(width) + 0.5) * scale_x - 0.5, 0, 31)
    y = np.clip((np.arange(height) + 0.5) * scale_y - 0.5, 0, 31)
    left, top = np.minimum(x.astype(int), 30), np.minimum(y.astype(int), 30)
    a, b = x - left, (y - top)[:, None]
    upper = logits[np.ix_(top, left)] * (1 - a) + logits[np.ix_(top, left + 1)] * a
    lower = logits[np.ix_(top + 1, left)] * (1 - a) + logits[np.ix_(top + 1, left + 1)] * a
    whole = upper * (1 - b) + lower * b
    sure = np.abs(whole) > 1e-4
    assert (found == (whole > 0))[sure].all()


def test_an_empty_answer_is_an_empty_mask(model: SamModel) -> None:
    embedding = Embedding(np.zeros((1, 1, 1), np.float16), 50, 60)
    mask, _, _ = mask_in_image(model, embedding, Answer(np.full((32, 32), -1, np.float32), 0.0))
    assert mask.size == 0


def test_what_lies_in_the_padding_is_cut_off(model: SamModel) -> None:
    logits = np.full((32, 32), -1.0, np.float32)
    logits[25:, :] = 1.0  # below an image of which a half is padding
    assert not on_image(model, logits, 60, 120).any()
