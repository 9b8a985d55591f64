"""Exported networks: every output as torch's, kept and made anew when damaged."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from aln_desk.inference import onnx
from aln_desk.models import looks
from aln_desk.models.build import LoadedModel, StageOne, build_mtl, load_model
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess
from aln_desk.paths import embedded_model


@pytest.fixture
def model(random_model: Path) -> LoadedModel:
    return load_model(random_model, torch.device("cpu"))


@pytest.fixture
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(onnx.paths, "user_cache", lambda: tmp_path / "cache")
    return tmp_path / "cache"


def largest_difference(network: onnx.OnnxNetwork, net: StageOne, preprocess: Preprocess) -> float:
    """Over all outputs on an image of noise."""
    size = preprocess.size
    square = np.random.default_rng(3).integers(0, 256, (1, size, size, 3), np.uint8)
    x = torch.from_numpy(square).permute(0, 3, 1, 2)
    with torch.inference_mode():
        expected = looks.read(net, preprocess.normalise(x))
    names = ("mask_logits", "lesion_logit", "status_logit", "cam", "token")
    pairs = zip(network.outputs(square), (getattr(expected, name).numpy() for name in names), strict=True)
    return max(float(np.abs(ours - theirs).max()) if ours.shape == theirs.shape else np.inf for ours, theirs in pairs)


@pytest.mark.parametrize(
    "config",
    [
        MtlConfig(size=64, mask_tokens=2, type_tokens=True, shape_tokens=True, pooling="attention", average_looks=True),
        MtlConfig(backbone="resnet-101", size=64, tasks="status"),
        pytest.param(MtlConfig(backbone="unet", size=64), marks=pytest.mark.slow),
        pytest.param(MtlConfig(backbone="swin-t", size=224), marks=pytest.mark.slow),
    ],
    ids=lambda config: f"{config.backbone}-{config.tasks}",
)
def test_every_output_is_torchs(config: MtlConfig) -> None:
    torch.manual_seed(0)
    net, preprocess = build_mtl(config).eval(), Preprocess(size=config.size)
    network = onnx.OnnxNetwork(onnx.export(net, preprocess), threads=2)
    assert largest_difference(network, net, preprocess) < 1e-3


def test_the_embedded_model_computes_the_same(capfd: pytest.CaptureFixture[str]) -> None:
    model = load_model(embedded_model(), torch.device("cpu"))
    network = onnx.open_network(model, threads=2)
    assert largest_difference(network, model.mtl, model.preprocess) < 1e-3
    assert capfd.readouterr() == ("", "")


def test_images_of_a_batch_are_those_alone(model: LoadedModel) -> None:
    network = onnx.open_network(model, threads=2)
    squares = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)
    together = network(squares)
    for at in range(3):
        alone = network(squares[at : at + 1])[0]
        assert np.array_equal(alone.token, together[at].token)
        assert alone.mask_logits.shape == (64, 64)


def test_a_second_opening_exports_nothing(model: LoadedModel, own_cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx.open_network(model, threads=1)
    monkeypatch.setattr(onnx, "export", lambda *_: pytest.fail("exported again"))
    assert largest_difference(onnx.open_network(model, threads=1), model.mtl, model.preprocess) < 1e-3


@pytest.mark.parametrize("damage", ["bytes", "stamp", "no stamp", "version"])
def test_what_is_damaged_or_of_another_version_is_made_anew(
    model: LoadedModel, own_cache: Path, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    onnx.open_network(model, threads=1)
    file = onnx.cached_file(model)
    whole = file.read_bytes()
    match damage:
        case "bytes":
            file.write_bytes(whole[:1000] + b"\x00" + whole[1001:-9])
        case "stamp":
            file.with_suffix(".stamp").write_bytes(b"\xff\x00")
        case "no stamp":
            file.with_suffix(".stamp").unlink()
        case "version":
            monkeypatch.setattr(onnx, "FORMAT", onnx.FORMAT + 1)
    exported: list[int] = []
    original = onnx.export
    monkeypatch.setattr(onnx, "export", lambda *given: exported.append(1) or original(*given))
    onnx.open_network(model, threads=1)
    onnx.open_network(model, threads=1)
    assert exported == [1]
    assert len(file.read_bytes()) == len(whole)


def test_the_cache_keeps_the_models_used_last(model: LoadedModel, own_cache: Path) -> None:
    for at in range(onnx.KEPT + 2):
        old = own_cache / "onnx" / f"old{at}"
        old.mkdir(parents=True)
        os.utime(old, (at, at))
    onnx.open_network(model, threads=1)
    kept = {folder.name for folder in (own_cache / "onnx").iterdir()}
    assert kept == {model.digest, *(f"old{at}" for at in range(3, onnx.KEPT + 2))}


def test_a_cache_that_cannot_be_written_is_done_without(model: LoadedModel, own_cache: Path) -> None:
    own_cache.write_text("a file where the folder should be")
    assert largest_difference(onnx.open_network(model, threads=1), model.mtl, model.preprocess) < 1e-3


class Unknown(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return torch.linalg.eigvals(x.mean(1)).real


def test_a_network_that_the_exporter_does_not_know_is_a_sentence() -> None:
    with pytest.raises(onnx.NotExported, match="cannot be exported"):
        onnx.export(Unknown(), Preprocess(size=64))  # type: ignore[arg-type]


def test_an_exported_network_that_differs_is_refused(
    model: LoadedModel, own_cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(9)
    other = build_mtl(model.mtl.config).eval()
    original = onnx.export
    monkeypatch.setattr(onnx, "export", lambda net, preprocess: original(other, preprocess))
    with pytest.raises(onnx.NotExported, match="differs"):
        onnx.open_network(model, threads=1)
    assert not onnx.cached_file(model).exists()
