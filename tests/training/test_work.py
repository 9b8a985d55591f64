"""The options of a run reach the networks, the data and the model's manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from asked import job, record, same_parameters, trained

from aln_desk.domain.errors import BadProject
from aln_desk.domain.messages import Message, Note
from aln_desk.domain.patient import Cohort, Role
from aln_desk.io import tokens as token_file
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from aln_desk.models.mil import BagEnsemble
from training import data
from training.threshold import Judged
from training.work import Work, _cam_top, _taught

pytestmark = pytest.mark.usefixtures("thin_network")

ALL_OPTIONS = (
    ("mask_tokens", "2"),
    ("type_tokens", "true"),
    ("shape_tokens", "true"),
    ("average_looks", "true"),
    ("mask_threshold", "0.4"),
    ("pooling", "attention"),
    ("clean", "true"),
    ("calibration", "platt"),
    ("mtl.ema", "0.9"),
    ("mtl.balanced", "true"),
    ("mtl.rotate", "15"),
    ("mtl.gamma", "0.3"),
    ("mtl.keep", "best"),
    ("mtl.micro_batch", "3"),
    ("mil.node_dropout", "0.2"),
    ("mil.members", "2"),
    ("mil.patience", "5"),
)


def notes(told: list[Message]) -> str:
    return " ".join(m.text for m in told if isinstance(m, Note))


def test_every_option_is_in_the_model_and_its_manifest(study: Path) -> None:
    folder = trained(job(study, *ALL_OPTIONS))
    manifest, model = read_manifest(folder), load_model(folder, torch.device("cpu"))
    recipe: dict[str, Any] = manifest["training"]["recipe"]
    for key, text in ALL_OPTIONS:
        part, _, name = key.rpartition(".")
        value = recipe[part][name] if part else recipe[name]
        assert str(value).lower() == text or float(value) == float(text), key
    net = model.mtl.config
    assert (net.mask_tokens, net.type_tokens, net.shape_tokens, net.pooling) == (2, True, True, "attention")
    assert (net.average_looks, net.mask_threshold) == (True, 0.4)
    assert model.preprocess.clean
    assert isinstance(model.mil, BagEnsemble)
    assert manifest["calibration"] is not None


def test_the_transformer_is_told_the_view_where_that_is_asked(study: Path) -> None:
    folder = trained(job(study, ("mil.kind", "transformer"), ("mil.layers", "1"), ("mil.view_embedding", "true")))
    assert load_model(folder, torch.device("cpu")).mil.config.reads_view


def geometries(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The geometry of every set of images that is loaded."""
    seen, load = list[str](), data.load

    def noting(patients: Any, preprocess: Any, *arguments: Any) -> data.ImageSet:
        seen.append(preprocess.geometry)
        return load(patients, preprocess, *arguments)

    monkeypatch.setattr(data, "load", noting)
    return seen


@pytest.mark.parametrize(
    ("geometry", "taught", "used"),
    [
        ("released", "letterbox", "stretch"),
        ("letterbox", "letterbox", "letterbox"),
        ("stretch", "stretch", "stretch"),
    ],
)
def test_the_geometry_of_training_and_of_use(
    study: Path, monkeypatch: pytest.MonkeyPatch, geometry: str, taught: str, used: str
) -> None:
    seen = geometries(monkeypatch)
    folder = trained(job(study, ("geometry", geometry), stages="mtl"))
    assert seen == [taught, used]
    assert read_manifest(folder)["preprocess"]["geometry"] == used


def test_tokens_are_made_once_and_never_of_another_preprocessing(study: Path) -> None:
    # The same parameters, since both learn from letterboxed images; but not the same tokens.
    first = trained(job(study, ("geometry", "letterbox")))
    (made,) = (study / "cache").glob("tokens-*.h5")
    written = made.stat().st_mtime_ns
    second = trained(job(study, ("geometry", "released")))
    assert same_parameters(first, second, "mtl.safetensors")
    assert len(list((study / "cache").glob("tokens-*.h5"))) == 2
    trained(job(study, ("seed", "5"), stages="mil", base=first))
    trained(job(study, ("seed", "6"), stages="mil", base=first, fold=(1, 3)))
    assert len(list((study / "cache").glob("tokens-*.h5"))) == 2
    assert made.stat().st_mtime_ns == written


def test_a_damaged_token_cache_is_a_sentence(study: Path) -> None:
    base = trained(job(study))
    (made,) = (study / "cache").glob("tokens-*.h5")
    made.write_bytes(b"no tokens")
    from aln_desk.domain.errors import AlnError

    with pytest.raises(AlnError, match="tokens"):
        trained(job(study, stages="mil", base=base))


def test_the_comparator_single_t_reads_tumour_images_alone(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[frozenset[Any]] = []
    load = data.load

    def noting(patients: Any, preprocess: Any, cache: Any, views: Any, *arguments: Any) -> data.ImageSet:
        seen.append(views)
        return load(patients, preprocess, cache, views, *arguments)

    monkeypatch.setattr(data, "load", noting)
    small = (("size", "64"), ("mtl.iterations", "1"), ("mtl.batch", "2"), ("backbone", "mobilenetv3-large"))
    folder = trained(job(study, preset="single-t", settings=small))
    manifest, model = read_manifest(folder), load_model(folder, torch.device("cpu"))
    assert seen and all(views == {"tumour"} for views in seen)
    assert (manifest["mtl"]["tasks"], manifest["mil"]["kind"], manifest["mil"]["views"]) == ("status", "mean", "tumour")
    assert manifest["taught"] == ["status"]
    assert "dice" not in manifest["figures"] and "status_auc" in manifest["figures"]
    assert model.mil is not None and not model.mil.config.learned


def test_a_run_of_one_fold_holds_out_that_fold(study: Path) -> None:
    found = []
    for number in (1, 3):
        manifest = read_manifest(trained(job(study, fold=(number, 3))))
        found.append((manifest["training"]["patients_fit"], manifest["training"]["patients_tune"]))
        assert manifest["training"]["fold"] == f"{number}/3"
    assert found == [(16, 8)] * 2


def test_a_tune_cohort_measures(study: Path) -> None:
    with Project.open(study) as project:
        patients = project.patients(cohorts={"internal test"})
        project.add_cohort(Cohort("tuning", Role.TUNE))
        for patient in patients:
            project.set_cohort(patient.id, "tuning")
    manifest = read_manifest(trained(job(study)))
    assert (manifest["training"]["patients_fit"], manifest["training"]["patients_tune"]) == (24, 8)


def test_without_held_out_patients_nothing_is_measured(study: Path) -> None:
    told: list[Message] = []
    manifest = read_manifest(trained(job(study, ("held_out", "0"), ("calibration", "platt"), ("error", "0.1")), told))
    assert set(manifest["figures"]) == {"threshold"}
    assert manifest["threshold_rule"] == "Youden index on 24 training patients"
    assert manifest["calibration"] is None or manifest["calibration"] == {"slope": 1.0, "shift": 0.0}
    assert "too few held-out patients" in notes(told)


# Verdicts that are called uncertain


def of(work_recipe_error: float, negatives: int, positives: int) -> tuple[object, str]:
    """What `Work` makes of so many held-out patients at an accepted error, and what it tells."""
    from types import SimpleNamespace

    told: list[Message] = []
    work = SimpleNamespace(recipe=SimpleNamespace(error=work_recipe_error), emit=told.append)
    outcome = np.repeat([0, 1], [negatives, positives])
    score = np.where(outcome == 1, 0.8, 0.2) + np.linspace(0, 0.1, len(outcome))
    return Work._undecided(work, Judged(outcome, score)), notes(told)  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "fewest"), [(0.1, 9), (0.05, 19), (0.3, 3), (0.5, 1)])
def test_limits_need_patients_enough_of_either_outcome(error: float, fewest: int) -> None:
    limits, told = of(error, fewest, fewest)
    assert limits is not None and told == ""
    for counts in ((fewest - 1, 50), (50, fewest - 1)):
        limits, told = of(error, *counts)
        assert limits is None
        assert (
            f"too few held-out patients of an outcome to call verdicts uncertain at an accepted error of {error:g}"
            in told
        )
        assert f"takes {fewest} of either" in told


def test_without_an_accepted_error_nothing_is_told() -> None:
    assert of(0.0, 1, 1) == (None, "")


def test_a_run_with_patients_enough_has_limits(study: Path) -> None:
    told: list[Message] = []
    manifest = read_manifest(trained(job(study, ("error", "0.3"), ("held_out", "0.5")), told))
    assert manifest["conformal"]["error"] == 0.3
    assert "too few" not in notes(told)


def test_the_scale_of_the_cam_leaves_out_the_highest_tenth() -> None:
    assert _cam_top(np.array([-5.0, -1.0], np.float32)) is None
    assert _cam_top(np.arange(-10, 101, dtype=np.float32)) == pytest.approx(90.1)


def test_heads_are_taught_where_their_task_is_and_both_classes_occur() -> None:
    from plain_stage_one import draw_images

    assert _taught(draw_images(20), "all") == ["mask", "lesion", "status"]
    assert _taught(draw_images(20), "status") == ["status"]
    assert _taught(draw_images(1), "all") == ["mask"]


# The stages that read clinical variables


@pytest.fixture
def clinical_study(study: Path) -> Path:
    """T stage goes with the outcome, in all but every sixth patient."""
    with Project.open(study) as project:
        for number, patient in enumerate(project.patients()):
            right = number % 6 != 0
            project.set_clinical(patient.id, "t_stage", "2" if bool(patient.outcome) == right else "1")
            project.set_clinical(patient.id, "age", str(40 + number))
    return study


def test_the_clinical_stage_trains_without_images(clinical_study: Path) -> None:
    for image in (clinical_study / "images").iterdir():
        image.unlink()
    folder = trained(job(clinical_study, stages="clinical"))
    manifest = read_manifest(folder)
    assert (manifest["kind"], manifest["training"]["variables"]) == ("clinical", ["t_stage"])
    assert record(clinical_study)["state"] == "finished"
    assert (clinical_study / "runs" / str(record(clinical_study)["run"]) / "regression.csv").exists()


def test_the_fusion_stage_joins_a_trained_model_and_variables(clinical_study: Path) -> None:
    base = trained(job(clinical_study))
    folder = trained(job(clinical_study, stages="fusion"))
    manifest = read_manifest(folder)
    assert manifest["kind"] == "fusion"
    assert manifest["training"]["base"] == base.name
    assert same_parameters(base, folder)
    model = load_model(folder, torch.device("cpu"))
    assert model.rule is not None and model.rule.fusion is not None and model.rule.fusion.image is not None


def test_a_clinical_model_is_no_base(clinical_study: Path) -> None:
    base = trained(job(clinical_study))
    trained(job(clinical_study, stages="clinical"))
    folder = trained(job(clinical_study, stages="mil"))
    assert read_manifest(folder)["training"]["base"] == base.name
    with pytest.raises(BadProject, match="clinical"):
        trained(job(clinical_study, ("variables", "t_stage"), stages="clinical", cohorts=("nobody clinical",)))


def test_the_tokens_of_a_run_are_those_of_its_patients(study: Path) -> None:
    trained(job(study))
    (made,) = (study / "cache").glob("tokens-*.h5")
    found = token_file.read(made, made.stem.split("-")[1])
    with Project.open(study) as project:
        wanted = {i.id for p in project.patients(cohorts={"training"}) for i in p.bag}
    assert set(found.instance) == wanted
