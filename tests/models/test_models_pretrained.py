from __future__ import annotations

import re
import shlex
import socket
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from published_files import State, check_features, check_refused, network, original_names, saved, segformer_state
from torch import Tensor

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.models.backbones import backbone_names
from aln_desk.models.build import StageOne
from aln_desk.models.pretrained import licence, load_pretrained
from aln_desk.models.timm_backbone import TIMM_NETWORKS


@pytest.fixture(autouse=True)
def no_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object, **__: object) -> None:
        raise AssertionError("a connection was tried")

    monkeypatch.setattr(socket, "socket", refused)
    monkeypatch.setattr(socket, "create_connection", refused)
    monkeypatch.setattr(socket, "getaddrinfo", refused)


# -- our own -----------------------------------------------------------------------------------------------------------


def test_a_model_of_ours_is_read_whole(tmp_path: Path) -> None:
    one, two = network(), network()
    sentence = load_pretrained(two, saved(tmp_path, one.state_dict()))
    assert "a model of ALN Desk" in sentence
    assert all(torch.equal(one.state_dict()[name], value) for name, value in two.state_dict().items())


@pytest.mark.parametrize("backbone", ["segformer-b0", "swin-t"])
def test_of_a_model_of_another_task_the_backbone_is_read(backbone: str, tmp_path: Path) -> None:
    one, two = network(backbone), network(backbone, tasks="status")
    sentence = load_pretrained(two, saved(tmp_path, one.state_dict()))
    assert "the backbone of a model of ALN Desk" in sentence
    ours = one.backbone.state_dict()
    assert all(torch.equal(ours[name], value) for name, value in two.backbone.state_dict().items())


def test_half_precision_is_read_as_numbers_of_the_network(tmp_path: Path) -> None:
    one, two = network(), network()
    load_pretrained(one, saved(tmp_path, segformer_state()))
    load_pretrained(two, saved(tmp_path, {key: value.bfloat16() for key, value in segformer_state().items()}))
    value = two.state_dict()["backbone.stages.0.embed.weight"]
    assert value.dtype == torch.float32
    assert torch.equal(value, one.state_dict()["backbone.stages.0.embed.weight"].bfloat16().float())


# -- refusals ----------------------------------------------------------------------------------------------------------


EMBED = "segformer.encoder.patch_embeddings.0.proj.weight"
SHRINK = "segformer.encoder.block.3.1.mlp.dense2.weight"


def changed(state: State, **changes: Tensor | None) -> State:
    state = dict(state)
    for key, value in changes.items():
        name = {"embed": EMBED, "shrink": SHRINK}[key]
        if value is None:
            del state[name]
        else:
            state[name] = value
    return state


def test_what_is_absent_is_named_and_counted(tmp_path: Path) -> None:
    broken = changed(segformer_state(), shrink=None)
    check_refused(network(), broken, tmp_path, re.escape(f"lacks {SHRINK}; choose"))
    del broken["segformer.encoder.layer_norm.3.bias"]
    check_refused(network(), broken, tmp_path, re.escape(f"lacks {SHRINK} and 1 more; choose"))


@pytest.mark.parametrize(
    "value",
    [torch.zeros(32, 1, 7, 7), torch.zeros(64, 3, 7, 7), torch.zeros(()), torch.zeros(32, 3, 7, 7, dtype=torch.int8)],
)
def test_a_first_convolution_that_does_not_fit_is_refused(value: Tensor, tmp_path: Path) -> None:
    what = re.escape(f"{EMBED} is {str(value.dtype).removeprefix('torch.')} of the shape {tuple(value.shape)}")
    check_refused(network(), changed(segformer_state(), embed=value), tmp_path, what)


@pytest.mark.parametrize("packed", [torch.zeros(()), torch.zeros(0), torch.zeros(40, 32), torch.zeros(64, 32, 2)])
def test_a_packed_layer_that_does_not_fit_is_refused(packed: Tensor, tmp_path: Path) -> None:
    broken = original_names(segformer_state()) | {"block1.0.attn.kv.weight": packed}
    check_refused(network(), broken, tmp_path, r"block1\.0\.attn\.kv\.weight is")


def test_a_segformer_of_another_size_is_refused(tmp_path: Path) -> None:
    check_refused(network("segformer-b1", tasks="status"), segformer_state(), tmp_path, "do not fit")
    deeper = {key.replace("block.2.1.", "block.2.2."): value for key, value in segformer_state().items()}
    check_refused(network(), deeper | segformer_state(), tmp_path, "larger network, with segformer.encoder.block.2.2")


PIECES = st.sampled_from(
    ["backbone", "stages", "layers", "block1", "0", "12", "attn", "kv", "weight", "decoder", "", "_"]
)
NAMES = st.one_of(
    st.sampled_from(
        [
            EMBED,
            "patch_embed1.proj.weight",
            "stages.0.embed.weight",
            "backbone.layers.0.0.projection.weight",
            "mask_decoder.mask_tokens.weight",
            "backbone.stages.0.embed.weight",
        ]
    ),
    st.lists(PIECES, min_size=1, max_size=6).map(".".join),
    st.text(max_size=12),
)
SHAPES = st.lists(st.integers(0, 4), max_size=4).map(tuple)
DTYPES = st.sampled_from([torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.bool])


@pytest.fixture(scope="module")
def any_network() -> StageOne:
    return network()


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(NAMES, st.tuples(SHAPES, DTYPES), max_size=12))
def test_files_of_any_names_are_refused_with_a_sentence(
    tmp_path: Path, any_network: StageOne, tensors: dict[str, tuple[tuple[int, ...], torch.dtype]]
) -> None:
    state = {
        name: torch.zeros(shape, dtype=dtype) for name, (shape, dtype) in tensors.items() if name != "__metadata__"
    }
    check_refused(any_network, state, tmp_path, "; choose")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=64))
def test_a_file_of_any_bytes_is_refused_with_a_sentence(tmp_path: Path, any_network: StageOne, content: bytes) -> None:
    path = tmp_path / "any.safetensors"
    path.write_bytes(content)
    with pytest.raises(BadModel, match=r"any\.safetensors"):
        load_pretrained(any_network, str(path))


def test_an_absent_file_is_named() -> None:
    with pytest.raises(BadSetting, match=r"no file mit_b0\.safetensors"):
        load_pretrained(network(), "mit_b0.safetensors")


def test_a_pickle_is_not_opened_and_its_conversion_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "mit b0.pth"
    torch.save({"meta": {"epoch": 3}, "state_dict": original_names(segformer_state())}, path)
    net = network().eval()
    with pytest.raises(BadSetting, match="pickle") as refused:
        load_pretrained(net, str(path))
    program, *files = shlex.split(str(refused.value).partition("python -c ")[2])
    monkeypatch.setattr(sys, "argv", ["-c", *files])
    exec(program, {})
    load_pretrained(net, files[1])
    check_features(net)


# -- download ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[tuple[str, str]]:
    """What was asked of huggingface_hub, which answers with a file that timm's network would have written."""
    import huggingface_hub
    import timm

    path = saved(tmp_path, dict(timm.create_model("pvt_v2_b0").state_dict()))
    requests: list[tuple[str, str]] = []

    def answer(repository: str, name: str) -> str:
        requests.append((repository, name))
        return path

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", answer)
    return requests


def test_nothing_is_downloaded_without_permission(asked: list[tuple[str, str]]) -> None:
    with pytest.raises(BadSetting, match="permission") as refused:
        load_pretrained(network("pvt-v2-b0"), "timm")
    assert asked == []
    assert "https://huggingface.co/timm/pvt_v2_b0.in1k" in str(refused.value)
    assert "--set pretrained=FILE" in str(refused.value)
    assert "Apache-2.0" in str(refused.value)


def test_with_permission_the_published_file_is_read(asked: list[tuple[str, str]]) -> None:
    net = network("pvt-v2-b0")
    before = net.backbone.state_dict()["body.patch_embed.proj.weight"].clone()
    sentence = load_pretrained(net, "timm", allow_download=True)
    assert asked == [("timm/pvt_v2_b0.in1k", "model.safetensors")]
    assert "Apache-2.0" in sentence
    assert not torch.equal(before, net.backbone.state_dict()["body.patch_embed.proj.weight"])


def test_offline_a_sentence_says_which_file_to_fetch(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import huggingface_hub

    def offline(*_: object) -> None:
        raise ConnectionError("no network\nsecond line")

    monkeypatch.setattr(huggingface_hub, "hf_hub_download", offline)
    with pytest.raises(BadSetting, match=r"\(no network\).*fetch model.safetensors from https://") as refused:
        load_pretrained(network("swin-t"), "timm", allow_download=True)
    assert "--set pretrained=FILE" in str(refused.value)


@pytest.mark.parametrize("backbone", ["segformer-b0", "unet"])
def test_what_timm_does_not_have_is_not_asked_for(backbone: str, asked: list[tuple[str, str]]) -> None:
    with pytest.raises(BadSetting, match="timm has no parameters"):
        load_pretrained(network(backbone), "timm", allow_download=True)
    assert asked == []


def test_every_backbone_has_a_sentence_on_its_licence() -> None:
    for name in backbone_names():
        assert re.search(r"Parameters of .* licence|Source Code License|No parameters are published", licence(name))
    assert "non-commercial" in licence("mit-b2")
    assert "https://huggingface.co/nvidia/mit-b2" in licence("mit-b2")


def test_pinned_files_are_those_that_timm_knows_with_the_licence_it_states() -> None:
    import timm

    for name, known in TIMM_NETWORKS.items():
        tag = licence(name).rpartition("/timm/")[2].removesuffix(".")
        described = timm.get_pretrained_cfg(tag)
        assert (described.architecture, described.hf_hub_id) == (known.name, f"timm/{tag}")
        assert described.license in licence(name).lower()


def test_licence_of_any_network_of_timm() -> None:
    assert "'apache-2.0'" in licence("resnet18.a1_in1k")
    assert licence("efficientnet_b8").startswith("No parameters are published")
