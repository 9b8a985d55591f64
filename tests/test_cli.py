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

from aln_desk import cli
from aln_desk.__main__ import main
from aln_desk.domain.errors import AlnError, BadProject, BadSetting
from aln_desk.io import images
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


def test_predict_then_evaluate_then_export(
    study: Path, random_model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call("predict", study, "--model", random_model, "--device", "cpu", "--events") == 0
    told = events(capsys.readouterr().out)
    assert told[-1]["event"] == "Finished"
    assert sum(e["event"] == "BagPredicted" for e in told) == 32
    verdicts = rows(study / "predictions" / "verdicts.csv")
    head = ["patient", "cohort", "outcome", "score", "threshold", "decision", "n_tumour", "n_node", "model"]
    assert list(verdicts[0])[:9] == head
    assert {v["decision"] for v in verdicts} <= {"positive", "negative"}
    with h5py.File(study / "predictions" / "instances.h5") as file:
        group = file["P000/P000_T1.png"]
        assert group["mask"].shape == (64, 64)
        assert group["token"].shape == (256,)
        assert np.isclose(group["cam"][:].mean(), group.attrs["status_logit"], atol=1e-3)

    assert call("evaluate", study, "--out", tmp_path / "figures") == 0
    metrics = rows(tmp_path / "figures" / "metrics.csv")
    head = "model,cohort,n,positive,auc,auc_low,auc_high,accuracy,sensitivity,specificity,ppv,npv,f1,threshold"
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
def test_simulated_patients_are_a_project_and_a_folder_to_import(tmp_path: Path) -> None:
    assert call("simulate", tmp_path / "sim", "--patients", 4, "--seed", 3) == 0
    truth = rows(tmp_path / "sim" / "truth.csv")
    assert list(truth[0]) == ["patient", "outcome", "best_score"]
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


@pytest.mark.parametrize(
    ("words", "error", "about"),
    [
        (["--preset", "huge"], BadSetting, "huge"),
        (["--set", "mtl.iterations"], BadSetting, "key=value"),
        (["--set", "size=100"], BadSetting, "multiple of 32"),
        (["--cohorts", "nobody"], BadProject, "nobody"),
        (["--cohorts", "internal test"], BadProject, "test cohort"),
        (["--resume"], BadProject, "no run to resume"),
    ],
)
def test_a_wrong_training_request_is_a_sentence(
    study: Path, words: list[str], error: type[AlnError], about: str
) -> None:
    with pytest.raises(error, match=about):
        call("train", "all", study, "--device", "cpu", *words)


def test_doctor_tells_versions_and_places(capsys: pytest.CaptureFixture[str]) -> None:
    assert call("doctor") == 0
    told = capsys.readouterr().out
    for word in ("torch", "PySide6-Essentials", "Device", "Embedded model", "Settings"):
        assert word in told
