from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tiny_sam import GRID, SIDE, State, renamed, tiny_file, tiny_sam, written

from aln_desk.domain.errors import BadModel
from aln_desk.models.sam import RowwiseAttention, SamModel, load_sam

CPU = torch.device("cpu")
POINT = (torch.tensor([[[40.0, 70.0], [3.0, 9.0]]]), torch.tensor([[1, 0]]))


def state() -> State:
    return dict(tiny_sam().state_dict())


@torch.no_grad()
def decoded(model: SamModel) -> tuple[torch.Tensor, torch.Tensor]:
    torch.manual_seed(1)
    features = model.net.image_encoder(torch.randn(1, 3, SIDE, SIDE))
    sparse, dense = model.net.prompt_encoder(points=POINT, boxes=None, masks=None)
    return model.net.mask_decoder(features, model.places, sparse, dense, True)


# -- what is read ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("style", ["segment_anything", "transformers"])
def test_both_styles_of_names_give_the_masks_of_segment_anything(style: str, tmp_path: Path) -> None:
    net = tiny_sam()
    names = state() if style == "segment_anything" else renamed(state())
    model = load_sam(written(tmp_path / "sam.safetensors", names), CPU)
    assert (model.size, model.name) == (SIDE, "ViT of width 32")
    with torch.no_grad():
        torch.manual_seed(1)
        features = net.image_encoder(torch.randn(1, 3, SIDE, SIDE))
        sparse, dense = net.prompt_encoder(points=POINT, boxes=None, masks=None)
        masks, scores = net.mask_decoder(features, net.prompt_encoder.get_dense_pe(), sparse, dense, True)
    logits, score = decoded(model)
    best = int(scores[0].argmax())
    assert (logits - masks[0, best]).abs().max() < 1e-5 * masks.abs().max()
    assert abs(score - scores[0, best]) < 1e-6


@pytest.mark.slow
def test_a_file_that_transformers_wrote_gives_its_masks(tmp_path: Path) -> None:
    transformers = pytest.importorskip("transformers")
    shared = {"hidden_size": 32, "image_size": SIDE, "patch_size": 16}
    vision = {"num_hidden_layers": 3, "num_attention_heads": 2, "mlp_dim": 64, "output_channels": 32}
    config = transformers.SamConfig(
        vision_config={**shared, **vision, "window_size": 3, "global_attn_indexes": [1], "num_pos_feats": 16},
        prompt_encoder_config=shared,
        mask_decoder_config={"hidden_size": 32, "mlp_dim": 48, "iou_head_hidden_dim": 24, "layer_norm_eps": 1e-5},
    )
    torch.manual_seed(2)
    theirs = transformers.SamModel(config).eval()
    for parameter in theirs.parameters():
        parameter.data += 0.05 * torch.randn_like(parameter)
    theirs.save_pretrained(tmp_path)
    logits, score = decoded(load_sam(tmp_path / "model.safetensors", CPU))
    with torch.no_grad():
        torch.manual_seed(1)
        pixels = torch.randn(1, 3, SIDE, SIDE)
        found = theirs(pixel_values=pixels, input_points=POINT[0][None], input_labels=POINT[1][None])
    best = int(found.iou_scores[0, 0].argmax())
    assert (logits - found.pred_masks[0, 0, best]).abs().max() < 1e-4 * found.pred_masks.abs().max()
    assert abs(score - found.iou_scores[0, 0, best]) < 1e-5


@pytest.mark.parametrize(("width", "name"), [(768, "ViT-B"), (1024, "ViT-L"), (1280, "ViT-H")])
def test_the_width_tells_the_size(width: int, name: str, tmp_path: Path) -> None:
    path = written(tmp_path / "sam.safetensors", dict(tiny_sam(width=width, depth=2, grid=4).state_dict()))
    model = load_sam(path, CPU)
    assert (model.name, model.size) == (name, 64)


def test_the_digest_names_the_content(tmp_path: Path) -> None:
    first, second = load_sam(tiny_file(tmp_path, 0), CPU), load_sam(tiny_file(tmp_path, 1), CPU)
    (tmp_path / "moved").mkdir()
    moved = load_sam(tiny_file(tmp_path / "moved", 0), CPU)
    assert first.digest == moved.digest != second.digest


def test_half_precision_is_read_as_numbers_of_the_network(tmp_path: Path) -> None:
    path = written(tmp_path / "half.safetensors", {name: value.half() for name, value in state().items()})
    assert load_sam(path, CPU).net.image_encoder.pos_embed.dtype == torch.float32


def test_frequencies_that_are_kept_twice_do_no_harm(tmp_path: Path) -> None:
    names = renamed(state())
    names["prompt_encoder.shared_embedding.positional_embedding"] = names["shared_image_embedding.positional_embedding"]
    assert load_sam(written(tmp_path / "twice.safetensors", names), CPU).size == SIDE


def test_attention_row_by_row_is_attention() -> None:
    attention = tiny_sam().image_encoder.blocks[1].attn
    x = torch.randn(2, GRID, GRID, 32)
    with torch.no_grad():
        assert torch.allclose(RowwiseAttention(attention)(x), attention(x), atol=1e-5)


# -- what is refused ---------------------------------------------------------------------------------------------------


def refusal(path: Path) -> str:
    with pytest.raises(BadModel) as caught:
        load_sam(path, CPU)
    assert str(path) in str(caught.value)
    return str(caught.value)


@pytest.mark.slow
def test_a_pickle_is_refused_with_the_way_to_another_file(tmp_path: Path) -> None:
    path = tmp_path / "sam vit_b.pth"
    torch.save(state(), path)
    sentence = refusal(path)
    assert "can hide a program" in sentence and "facebook/sam-vit-base" in sentence
    command = shlex.split(sentence[sentence.index("python -c") :])
    subprocess.run([sys.executable, *command[1:]], check=True, timeout=120)
    assert load_sam(path.with_suffix(".safetensors"), CPU).size == SIDE


def test_absent_parameters_are_named_and_counted(tmp_path: Path) -> None:
    names = {name: value for name, value in state().items() if not name.startswith("prompt_encoder.point_embeddings")}
    sentence = refusal(written(tmp_path / "less.safetensors", names))
    first = ", ".join(f"prompt_encoder.point_embeddings.{i}.weight" for i in range(3))
    assert f"lacks {first} and 1 more; fetch" in sentence


def test_parameters_too_many_are_named(tmp_path: Path) -> None:
    names = {**state(), "mask_decoder.hf_token.weight": torch.zeros(1)}
    assert "has more than Segment Anything, mask_decoder.hf_token.weight; fetch" in refusal(
        written(tmp_path / "more.safetensors", names)
    )


@pytest.mark.parametrize("value", [torch.zeros(32), torch.zeros(31, 3, 16, 16), torch.zeros(32, 3, 16, 16).long()])
def test_parameters_that_do_not_fit_are_named(value: torch.Tensor, tmp_path: Path) -> None:
    name = "vision_encoder.patch_embed.projection.weight"
    sentence = refusal(written(tmp_path / "other.safetensors", renamed(state()) | {name: value}))
    assert re.search(rf"{re.escape(name)} do not fit|shapes are those of no network|do not fit the other", sentence)


def test_another_network_is_refused_by_its_names(tmp_path: Path) -> None:
    sentence = refusal(written(tmp_path / "mtl.safetensors", {"backbone.a": torch.zeros(1), "head.b": torch.zeros(1)}))
    assert "no file of Segment Anything, its names begin with backbone.a, head.b; fetch" in sentence


def test_an_absent_file_is_named(tmp_path: Path) -> None:
    assert "There is no file" in refusal(tmp_path / "nowhere.safetensors")


NAMES = st.sampled_from([*state(), *renamed(state()), "image_encoder.", "vision_encoder.x", "other", ""])
SHAPES = st.lists(st.integers(0, 3), max_size=4).map(tuple)  # none of them is right anywhere
DTYPES = st.sampled_from([torch.float32, torch.bfloat16, torch.int64, torch.bool])


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from([{}, state(), renamed(state())]), st.dictionaries(NAMES, st.tuples(SHAPES, DTYPES), min_size=1))
def test_files_of_any_names_and_shapes_are_refused_with_a_sentence(
    tmp_path: Path, names: State, changes: dict[str, tuple[tuple[int, ...], torch.dtype]]
) -> None:
    changed = {name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in changes.items()}
    assert "; fetch " in refusal(written(tmp_path / "any.safetensors", {**names, **changed}))


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64))
def test_a_file_of_any_bytes_is_refused_with_a_sentence(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "any.safetensors"
    path.write_bytes(content)
    refusal(path)
