from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from aln_desk.domain.errors import BadModel, BadSetting
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import checkpoint
from aln_desk.io.trained_on import TRAINED_ON_FILE
from aln_desk.models.build import LoadedModel, build_mil, build_mtl, choose_device, load_model, save_model
from aln_desk.models.mil import BagTransformer, MilConfig
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.calibration import Calibration
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import LogisticModel

CPU = torch.device("cpu")


@pytest.fixture(scope="module")
def nets() -> tuple[MultiTaskNet, BagTransformer]:
    torch.manual_seed(0)
    return build_mtl(MtlConfig(size=64)).eval(), build_mil(MilConfig(layers=2)).eval()


@pytest.fixture
def folder(tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer]) -> Path:
    save_model(tmp_path / "m", *nets, Preprocess(size=64), 0.4, {"name": "first", "simulated": True})
    return tmp_path / "m"


def outputs(mtl: MultiTaskNet, mil: BagTransformer) -> list[torch.Tensor]:
    torch.manual_seed(5)
    image = torch.randn(2, 3, 64, 64)
    with torch.no_grad():
        out = mtl(image)
        bag = mil(out.token[None], torch.ones(1, 2, dtype=torch.bool))
    return [out.mask_logits, out.cam, out.status_logit, out.lesion_logit, bag.logit, bag.weight]


def rewrite(folder: Path, **changes: object) -> None:
    """Change the manifest as a consistent writer would: the digest fits."""
    checkpoint.write_manifest(folder, {**checkpoint.read_manifest(folder), **changes})


def test_a_loaded_model_answers_exactly_as_the_saved_one(
    folder: Path, nets: tuple[MultiTaskNet, BagTransformer]
) -> None:
    model = load_model(folder, CPU)
    assert not model.mtl.training and not model.mil.training
    for saved, loaded in zip(outputs(*nets), outputs(model.mtl, model.mil), strict=True):
        assert torch.equal(saved, loaded)


def test_everything_else_comes_back(folder: Path) -> None:
    model = load_model(folder, CPU)
    assert (model.name, model.threshold, model.preprocess) == ("first", 0.4, Preprocess(size=64))
    assert model.mtl.config == MtlConfig(size=64) and model.mil.config == MilConfig(layers=2)
    assert model.digest == checkpoint.model_digest(folder) == model.manifest["digest"]
    assert model.manifest["simulated"] is True and model.manifest["code_version"]


def test_the_record_of_training_images_is_part_of_the_model(
    tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer], folder: Path
) -> None:
    record = TrainedOn(frozenset({"a"}), frozenset({"b"}))
    kept = tmp_path / "kept"
    digest = save_model(kept, *nets, Preprocess(size=64), 0.4, {"name": "first", "simulated": True}, trained_on=record)
    assert load_model(kept, CPU).trained_on == record and load_model(folder, CPU).trained_on is None
    assert digest != checkpoint.model_digest(folder)
    (kept / TRAINED_ON_FILE).unlink()
    with pytest.raises(BadModel, match="record of the training images"):
        load_model(kept, CPU)


def test_half_precision_halves_the_files_and_loads_as_float32(
    tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer], folder: Path
) -> None:
    save_model(tmp_path / "half", *nets, Preprocess(size=64), 0.4, {}, dtype="float16")
    model = load_model(tmp_path / "half", CPU)
    assert model.name == "half"
    assert {p.dtype for p in model.mtl.state_dict().values()} == {torch.float32}
    sizes = [(f / checkpoint.MTL_FILE).stat().st_size for f in (tmp_path / "half", folder)]
    assert sizes[0] < 0.52 * sizes[1]
    for full, half in zip(outputs(*nets), outputs(model.mtl, model.mil), strict=True):
        assert (full - half).abs().max() < 0.01


def test_loading_draws_no_random_numbers(folder: Path) -> None:
    before = torch.get_rng_state()
    load_model(folder, CPU)
    assert torch.equal(before, torch.get_rng_state())


def test_a_loaded_model_can_be_trained_on(folder: Path) -> None:
    model = load_model(folder, CPU)
    model.mtl(torch.randn(1, 3, 64, 64)).status_logit.sum().backward()
    assert all(p.grad is not None for p in model.mtl.backbone.parameters())


def test_digest_follows_the_parameters(tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer]) -> None:
    mtl, mil = nets
    other = build_mil(mil.config)
    digests = [save_model(tmp_path / "m", mtl, m, Preprocess(size=64), 0.4, {}) for m in (mil, other, mil)]
    assert digests[0] == digests[2] != digests[1]


def test_a_model_of_stage_one_alone_has_no_threshold(tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer]) -> None:
    save_model(tmp_path / "m", nets[0], None, Preprocess(size=64), None, {})
    model = load_model(tmp_path / "m", CPU)
    assert model.mil is None
    assert model.rule is None
    assert model.threshold is None
    assert not (tmp_path / "m" / checkpoint.MIL_FILE).exists()


def test_a_manifest_without_the_newer_keys_is_an_image_model(folder: Path) -> None:
    manifest = checkpoint.read_manifest(folder)
    older = {key: manifest[key] for key in manifest if key not in ("kind", "calibration", "conformal", "fusion")}
    checkpoint.write_manifest(folder, older)
    assert load_model(folder, CPU).rule == VerdictRule(0.4)


def test_how_a_verdict_is_made_comes_back(tmp_path: Path, nets: tuple[MultiTaskNet, BagTransformer]) -> None:
    parts = (Calibration(0.5, -0.2), Conformal(0.1, 0.4, float("inf")), LogisticModel(0.1, (), 1.5))
    names = ("calibration", "conformal", "fusion")
    save_model(tmp_path / "m", *nets, Preprocess(size=64), 0.4, {}, **dict(zip(names, parts, strict=True)))
    model = load_model(tmp_path / "m", CPU)
    assert model.rule == VerdictRule(0.4, *parts)
    assert model.threshold == 0.4
    assert model.manifest["kind"] == "fusion"


def test_no_model_at_all_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no model"):
        load_model(tmp_path, CPU)


@pytest.mark.parametrize("name", [checkpoint.MTL_FILE, checkpoint.MIL_FILE])
def test_a_changed_or_absent_file_is_refused(folder: Path, name: str) -> None:
    data = bytearray((folder / name).read_bytes())
    data[-1] ^= 1
    (folder / name).write_bytes(data)
    with pytest.raises(BadModel):
        load_model(folder, CPU)
    (folder / name).unlink()
    with pytest.raises(BadModel):
        load_model(folder, CPU)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"mil": {"layers": 3}}, "do not fit"),
        ({"mil": {"layers": 1}}, "do not fit"),
        ({"mil": {"layers": 2, "mlp": 100}}, "do not fit"),
        ({"mtl": {"backbone": "segformer-b2", "size": 64}}, "do not fit"),
        ({"mtl": {"depth": 1}}, "unknown key 'depth'"),
        ({"mtl": None}, "lacks 'mtl'"),
        ({"preprocess": []}, "lacks 'preprocess'"),
        ({"preprocess": {"geometry": "crop"}}, "geometry"),
        ({"preprocess": {"size": 96}}, "reads 64 pixels but gets 96"),
        ({"mil": {"dim": 128, "layers": 2}}, "tokens of 128"),
        ({"threshold": None}, "threshold"),
        ({"threshold": 1.5}, "threshold"),
        ({"threshold": float("nan")}, "threshold"),
        ({"threshold": True}, "threshold"),
        ({"calibration": {"slope": -1, "shift": 0}}, "calibration cannot be used"),
        ({"calibration": {"slope": 1}}, "calibration lacks 'shift'"),
        ({"conformal": {"error": 2, "quantile_negative": 0.1, "quantile_positive": 0.1}}, "conformal cannot be used"),
        ({"conformal": [0.1]}, "conformal cannot be used"),
        ({"fusion": "all"}, "fusion cannot be used"),
        ({"kind": "fusion"}, "weights of the clinical variables are missing"),
        ({"kind": "clinical"}, "no images"),
    ],
)
def test_a_manifest_that_does_not_fit_is_a_sentence(folder: Path, changes: dict[str, object], words: str) -> None:
    rewrite(folder, **changes)
    with pytest.raises(BadModel, match=words):
        load_model(folder, CPU)


def test_the_manifest_is_plain_json(folder: Path) -> None:
    manifest = json.loads((folder / checkpoint.MANIFEST_FILE).read_text(encoding="utf-8"))
    assert {"format", "name", "mtl", "mil", "preprocess", "threshold", "code_version", "digest"} <= set(manifest)


def test_devices() -> None:
    assert choose_device("cpu") == CPU
    assert choose_device("auto").type in ("cpu", "cuda", "mps")
    with pytest.raises(BadSetting, match="no device 'tpu'"):
        choose_device("tpu")


def test_an_absent_device_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert choose_device("auto") == CPU
    for name in ("cuda", "mps"):
        with pytest.raises(BadSetting, match=f"no '{name}' device"):
            choose_device(name)


def test_auto_prefers_the_accelerator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_the_gpu_answers_as_the_cpu(folder: Path) -> None:
    def answer(model: LoadedModel) -> torch.Tensor:
        torch.manual_seed(5)
        return model.mtl(torch.randn(2, 3, 64, 64).to(model.device)).status_logit.detach().cpu()

    assert torch.allclose(answer(load_model(folder, CPU)), answer(load_model(folder, torch.device("cuda"))), atol=1e-3)
