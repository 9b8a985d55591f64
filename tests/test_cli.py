"""The command line as scripts and servers use it: exit codes, sentences, the files it promises."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from pathlib import Path

import cv2
import h5py
import numpy as np
import pytest
from small_study import make_model

from aln_desk import cli
from aln_desk.__main__ import main
from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.verdict import SIMULATED
from aln_desk.io import checkpoint, images
from aln_desk.io.project import Project


def call(*words: object) -> int:
    return cli.run([str(word) for word in words])


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def events(text: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("command", ["", *cli.COMMANDS])
def test_help_everywhere(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        call(*([command] if command else []), "--help")
    assert left.value.code == 0
    assert "not a medical device" in " ".join(capsys.readouterr().out.lower().split())


def test_an_error_is_one_sentence_on_stderr(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["aln-desk", "predict", str(tmp_path / "nothing")])
    assert main() == 1
    told = capsys.readouterr()
    assert told.out == ""
    assert len(told.err.strip().splitlines()) == 1
    assert "nothing" in told.err


@pytest.mark.slow
def test_the_module_runs_as_a_program(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aln_desk", "evaluate", str(tmp_path), "--out", str(tmp_path / "out")],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


def test_uncertain_verdicts_are_counted(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = make_model(tmp_path / "unsure")
    manifest = checkpoint.read_manifest(model)
    never = {"error": 0.1, "quantile_negative": None, "quantile_positive": None}
    checkpoint.write_manifest(model, {**manifest, "conformal": never})
    assert call("predict", study, "--model", model, "--device", "cpu") == 0
    assert "32 verdicts, 0 of them positive and 32 uncertain." in capsys.readouterr().out
    assert call("evaluate", study, "--parts", "csv", "--out", tmp_path / "figures") == 0
    metrics = rows(tmp_path / "figures" / "metrics.csv")
    assert {m["cohort"]: m["uncertain"] for m in metrics} == {"internal test": "8", "training": "24"}


def test_predict_then_evaluate_then_export(
    study: Path, random_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("predict", study, "--model", random_model, "--device", "cpu", "--events") == 0
    told = events(capsys.readouterr().out)
    assert told[-1]["event"] == "Finished"
    assert sum(e["event"] == "BagPredicted" for e in told) == 32
    assert call("predict", study, "--model", random_model, "--device", "cpu") == 0
    assert SIMULATED in capsys.readouterr().out
    verdicts = rows(study / "predictions" / "verdicts.csv")
    head = ["patient", "cohort", "outcome", "score", "threshold", "decision", "n_tumour", "n_node", "model"]
    assert list(verdicts[0])[:9] == head
    assert {v["decision"] for v in verdicts} <= {"positive", "negative"}
    assert {(v["seen_in_training"], v["simulated_outcomes"]) for v in verdicts} == {("", "yes")}
    with h5py.File(study / "predictions" / "instances.h5") as file:
        group = file["P000/P000_T1.png"]
        assert group["mask"].shape == (64, 64)
        assert group["token"].shape == (256,)
        assert np.isclose(group["cam"][:].mean(), group.attrs["status_logit"], atol=1e-3)

    assert call("evaluate", study, "--parts", "csv", "--out", tmp_path / "figures") == 0
    metrics = rows(tmp_path / "figures" / "metrics.csv")
    head = (
        "model,cohort,n,positive,auc,auc_low,auc_high,accuracy,sensitivity,specificity,ppv,npv,f1,threshold,uncertain"
    )
    assert ",".join(metrics[0]) == head
    assert {m["cohort"]: m["n"] for m in metrics} == {"internal test": "8", "training": "24"}

    assert call("export", study, "--format", "masks", "--source", "model", "--out", tmp_path / "masks") == 0
    assert len(list((tmp_path / "masks").glob("*.png"))) == 53


def test_drawn_masks_have_the_class_of_their_label(study: Path, tmp_path: Path) -> None:
    assert call("export", study, "--format", "masks", "--source", "drawn", "--out", tmp_path / "masks") == 0
    with Project.open(study) as project:
        for instance in (i for p in project.patients() for i in p.bag):
            mask = cv2.imread(str(tmp_path / "masks" / Path(instance.image).name), cv2.IMREAD_UNCHANGED)
            assert mask.shape == images.size(Path(instance.image))
            assert set(np.unique(mask)) == {0, 1 if instance.view == "tumour" else 2}


def test_images_of_one_name_do_not_overwrite_each_other(tmp_path: Path) -> None:
    for patient in ("A", "B"):
        (tmp_path / "in" / patient).mkdir(parents=True)
        picture = np.full((20, 30), 90, np.uint8)
        cv2.imwrite(str(tmp_path / "in" / patient / "T1.png"), picture)
        outline = {"label": "tumor", "points": [[2, 2], [9, 2], [9, 9]], "shape_type": "polygon"}
        record = {"version": "5", "shapes": [outline], "imagePath": "T1.png", "imageData": None}
        (tmp_path / "in" / patient / "T1.json").write_text(json.dumps(record))
    assert call("new", tmp_path / "p", "--from", tmp_path / "in") == 0
    assert call("export", tmp_path / "p", "--format", "masks", "--source", "drawn", "--out", tmp_path / "out") == 0
    found = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.png"))
    assert found == ["A/T1.png", "B/T1.png"]


def test_nothing_to_export_is_a_sentence(study: Path, tmp_path: Path) -> None:
    with pytest.raises(BadProject, match="aln-desk predict"):
        call("export", study, "--format", "masks", "--source", "model", "--out", tmp_path)


@pytest.mark.slow
def test_a_folder_named_from_another_one_is_simulated_into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    assert call("simulate", Path("..") / "sim", "--patients", 1, "--seed", 1) == 0
    with Project.open(tmp_path / "sim") as project:
        assert project.simulated


def test_simulated_patients_are_a_project_and_a_folder_to_import(tmp_path: Path) -> None:
    assert call("simulate", tmp_path / "sim", "--patients", 4, "--seed", 3, "--shortcut", "calipers") == 0
    truth = rows(tmp_path / "sim" / "truth.csv")
    assert list(truth[0]) == ["patient", "outcome", "best_clinical", "best_tumour", "best_score"]
    with Project.open(tmp_path / "sim") as project:
        assert len(project.patients()) == 4
        assert project.simulated
    assert call("new", tmp_path / "again", "--from", tmp_path / "sim") == 0
    with Project.open(tmp_path / "again") as project:
        assert {p.id: p.outcome for p in project.patients()} == {t["patient"]: int(t["outcome"]) for t in truth}
    with pytest.raises(BadProject, match="not empty"):
        call("simulate", tmp_path / "sim", "--patients", 4, "--seed", 3)


@pytest.mark.slow
def test_train_both_stages_adopt_and_read(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changes = ["--set", "mtl.iterations=4", "--set", "mil.epochs=2", "--set", "mil.layers=1"]
    assert call("train", "all", study, "--preset", "tiny", *changes, "--events", "--adopt", "--device", "cpu") == 0
    told = events(capsys.readouterr().out)
    kinds = [e["event"] for e in told]
    assert kinds[0] == "Started"
    assert kinds[-1] == "Finished"
    assert {e["stage"] for e in told if e["event"] == "Progress"} == {"images", "mtl", "tokens", "mil"}
    with Project.open(study) as project:
        model = project.adopted()
    assert model is not None
    assert model.name == told[-1]["digest"]
    manifest = json.loads((model / "manifest.json").read_text())
    assert manifest["taught"] == ["mask", "lesion", "status"]
    assert manifest["training"]["patients_fit"] + manifest["training"]["patients_tune"] == 24
    assert call("predict", study, "--device", "cpu") == 0
    assert {v["model"] for v in rows(study / "predictions" / "verdicts.csv")} == {model.name}

    assert call("train", "mil", study, "--preset", "tiny", *changes, "--events", "--device", "cpu") == 0
    second = Path(str(events(capsys.readouterr().out.split("\n", 1)[1])[-1]["model"]))
    assert (second / "mtl.safetensors").read_bytes() == (model / "mtl.safetensors").read_bytes()


@pytest.mark.slow
def test_without_outcomes_stage_one_is_trained_and_finds_masks(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Project.open(study) as project:
        for patient in project.patients():
            project.set_outcome(patient.id, None)
    train = ["--preset", "tiny", "--set", "mtl.iterations=3", "--adopt", "--device", "cpu"]
    assert call("train", "all", study, *train) == 0
    assert "no training patient has an outcome" in capsys.readouterr().err
    assert call("predict", study, "--device", "cpu") == 0
    assert rows(study / "predictions" / "verdicts.csv") == []
    assert call("export", study, "--format", "masks", "--source", "model", "--out", tmp_path / "masks") == 0
    with pytest.raises(BadProject, match="Stage 2 cannot be trained"):
        call("train", "mil", study, "--preset", "tiny", "--device", "cpu")


def test_doctor_tells_versions_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("doctor") == 0
    told = capsys.readouterr().out
    for word in ("torch", "PySide6-Essentials", "Device", "Embedded model", "Settings"):
        assert word in told


def test_an_export_never_takes_the_place_of_an_image(study: Path) -> None:
    before = {path: path.read_bytes() for path in (study / "images").glob("*.png")}
    with pytest.raises(BadProject, match="never changed"):
        call("export", study, "--format", "masks", "--source", "drawn", "--out", study / "images")
    assert before == {path: path.read_bytes() for path in (study / "images").glob("*.png")}


def test_no_mask_is_lost_when_names_are_alike(tmp_path: Path) -> None:
    from aln_desk.domain.annotation import Annotation
    from aln_desk.domain.patient import Cohort, Instance, Patient, Role, View
    from aln_desk.domain.shape import Shape
    from aln_desk.io import labelme_json

    square = Shape("tumor", ((2.0, 2.0), (9.0, 2.0), (9.0, 9.0)))
    with Project.create(tmp_path / "p") as project:
        project.add_cohort(Cohort("training", Role.TRAIN))
        for number, name in enumerate(("P/1", "P:1", "P*1")):
            folder = tmp_path / str(number)
            folder.mkdir()
            images.write_png(folder / "T1.png", np.zeros((20, 20), np.uint8))
            labelme_json.write(folder / "T1.json", Annotation("T1.png", 20, 20, (square,)))
            bag = Instance(f"{name}/T1.png", name, View.TUMOUR, str(folder / "T1.png"), str(folder / "T1.json"))
            project.add_many([Patient(name, "training", bag=(bag,))])
    assert call("export", tmp_path / "p", "--format", "masks", "--source", "drawn", "--out", tmp_path / "out") == 0
    assert len(list((tmp_path / "out").rglob("*.png"))) == 3


def test_an_unreadable_image_leaves_out_its_patient_only(
    study: Path, random_model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Project.open(study) as project:
        Path(project.patient("P003").bag[0].image).write_text("not an image")
    with pytest.raises(BadProject, match="P003"):
        call("predict", study, "--model", random_model, "--device", "cpu")
    read = {v["patient"] for v in rows(study / "predictions" / "verdicts.csv")}
    assert len(read) == 31
    assert "P003" not in read
    assert "P003 was left out" in capsys.readouterr().err


def test_a_folder_beside_a_simulation_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "sim.part").mkdir()
    (tmp_path / "sim.part" / "thesis.txt").write_text("precious")
    assert call("simulate", tmp_path / "sim", "--patients", 1, "--seed", 1) == 0
    assert (tmp_path / "sim.part" / "thesis.txt").read_text() == "precious"
    assert {path.name for path in tmp_path.iterdir()} >= {"sim", "sim.part"}
    assert not list(tmp_path.glob(".sim-*"))


def test_a_mistyped_command_opens_no_window() -> None:
    with pytest.raises(BadProject, match="neither a command nor a project"):
        call("predct")


def test_the_engine_without_any_input_ends() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "aln_desk", "engine"], stdin=subprocess.DEVNULL, timeout=120, check=False
    )
    assert done.returncode == 0


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only Linux can lack a screen")
def test_without_a_screen_the_window_is_refused_with_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(BadSetting, match="no screen"):
        call()
