"""Shapley shares and attention weights beside the truth, the table's rows, and the whole command at toy size."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import numpy as np
import pytest
import torch
from small_study import make_model, make_study

from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from training.explanation import bags, summary
from training.explanation.__main__ import main
from training.explanation.bags import BagFinding, Signs


def patient(name: str, tumours: int, nodes: int, cohort: str = "a") -> Patient:
    views = [View.TUMOUR] * tumours + [View.NODE] * nodes
    return Patient(name, cohort, 1, bag=tuple(Instance(f"{name}/{k}", name, v, "", "") for k, v in enumerate(views)))


def finding(name: str, value: list[float], weight: list[float], truth: list[float]) -> BagFinding:
    """Its last image is of a node."""
    node = np.arange(len(value)) == len(value) - 1
    return BagFinding(patient(name, len(value) - 1, 1), node, np.array(value), np.array(weight), np.array(truth))


def test_the_truth_of_a_lesion_is_divided_over_its_images() -> None:
    assert bags.truth_of(patient("P", 2, 3), Signs(1.0, -3.0)).tolist() == [0.5, 0.5, -1.0, -1.0, -1.0]
    assert bags.truth_of(patient("P", 2, 0), Signs(-1.0, None)).tolist() == [-0.5, -0.5]


def test_signs_are_read(tmp_path: Path) -> None:
    (tmp_path / "signs.csv").write_text("patient,tumour_logit,node_logit\nP1,0.5,-1\nP2,2,\n", encoding="utf-8")
    assert bags.read_signs(tmp_path / "signs.csv") == {"P1": Signs(0.5, -1.0), "P2": Signs(2.0, None)}


@pytest.mark.parametrize(
    "text",
    [
        "patient,tumour\nP,1\n",
        "patient,tumour_logit,node_logit\nP,x,1\n",
        "patient,tumour_logit,node_logit\nP,nan,\n",
        "patient,tumour_logit,node_logit\nP\n",
    ],
)
def test_nonsense_is_no_table_of_signs(tmp_path: Path, text: str) -> None:
    (tmp_path / "signs.csv").write_text(text, encoding="utf-8")
    with pytest.raises(BadFile, match="no signs of simulated patients"):
        bags.read_signs(tmp_path / "signs.csv")


def test_an_absent_table_of_signs_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match=r"signs\.csv"):
        bags.read_signs(tmp_path / "signs.csv")


def test_values_add_up_to_the_verdict_and_weights_to_one(tmp_path: Path) -> None:
    model = load_model(make_model(tmp_path / "model"), torch.device("cpu"))
    assert model.mil is not None and model.rule is not None
    people = [patient("P1", 2, 1), patient("P2", 1, 0), patient("no signs", 1, 0), patient("no token", 1, 0)]
    rng = np.random.default_rng(0)
    tokens = {i.id: rng.normal(size=256).astype(np.float32) for p in people[:3] for i in p.bag}
    found = bags.measure(model, people, tokens, {p.id: Signs(1.0, 2.0) for p in people if p.id != "no signs"})
    assert [one.patient.id for one in found] == ["P1", "P2"]
    bag = torch.from_numpy(np.stack([tokens[i.id] for i in people[0].bag]))[None]
    with torch.inference_mode():
        logit = float(model.mil.logit(bag, torch.ones(1, 3, dtype=torch.bool)))
    assert found[0].value.sum() == pytest.approx(logit - model.rule.tipping_logit({}), abs=1e-5)
    assert found[0].weight.sum() == pytest.approx(1, abs=1e-6) and found[0].share.sum() == pytest.approx(1)
    assert found[0].node.tolist() == [False, False, True] and found[0].truth.tolist() == [0.5, 0.5, 2.0]


def rows_by_measure(found: list[BagFinding]) -> dict[str, summary.Row]:
    return {row.measure: row for row in summary.bag_rows(found)}


def test_agreement_by_hand() -> None:
    right = [finding(f"P{k}", [0.1 * k, -3.0], [0.9, 0.1], [0.1, -2.0 - k]) for k in range(3)]
    rows = rows_by_measure(right)
    first = "the image that matters most is right"
    assert rows[f"Shapley share: {first}"].value == rows["Shapley share: Spearman within a patient"].value == 1
    assert rows[f"attention weight: {first}"].value == 0
    assert rows["attention weight: Spearman within a patient"].value == -1
    assert rows["Shapley less attention: Spearman within a patient"].value == 2
    assert rows[f"node images first, whatever they show: {first}"].value == 1
    assert rows[f"Shapley share: {first}"].patients == 3


def test_bags_alike_in_truth_say_nothing() -> None:
    rows = rows_by_measure(
        [finding("P1", [1.0, 2.0], [0.5, 0.5], [0.5, 0.5]), finding("P2", [1, 2], [0.3, 0.7], [1, 2])]
    )
    within = rows["Shapley share: Spearman within a patient"]
    assert (within.value, within.counted) == (1.0, 1)
    assert list(summary.bag_rows([])) == []


def test_the_sign_of_the_value_is_compared_over_all_images() -> None:
    found = [finding("P1", [1.0, 4.0], [0.5, 0.5], [0.1, 0.4]), finding("P2", [-2.0, -1.0], [0.5, 0.5], [-2.0, -1.0])]
    assert rows_by_measure(found)["Shapley value with its sign: Spearman over images"].value == 1


def test_means_weigh_images_and_draw_patients() -> None:
    values, patients = np.array([1.0, 0.0, 0.0, math.nan]), ["a", "b", "b", "c"]
    found = summary.mean(values, patients)
    assert found.value == pytest.approx(1 / 3) and (found.low, found.high) == (0.0, 1.0)


def test_draws_are_drawn_again_too() -> None:
    patients = ["a", "a", "b", "c"]
    alike = np.tile([[-0.5, 0.5]], (4, 1))  # every patient the same, every draw another
    found = summary.mean_over_draws(alike, patients)
    assert (found.value, found.low, found.high) == pytest.approx((0.0, -0.5, 0.5))
    still = summary.mean_over_draws(np.full((4, 3), 0.25), patients)
    assert (still.value, still.low, still.high) == pytest.approx((0.25, 0.25, 0.25))
    alone = summary.mean_over_draws(np.array([[1.0, 3.0]]), ["a"])
    assert alone.value == 2 and math.isnan(alone.low) and alone.reason


def test_one_draw_varies_as_the_mean_does() -> None:
    values = np.random.default_rng(0).normal(size=40)
    patients = [f"P{k // 2}" for k in range(40)]
    one, other = summary.mean_over_draws(values[:, None], patients), summary.mean(values, patients)
    assert one.value == pytest.approx(other.value)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), abs=0.05)


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_study(tmp_path_factory.mktemp("explained") / "study", train=2, test=6)
    with Project.open(folder) as project:
        people = project.patients()
    rng = np.random.default_rng(0)
    lines = [f"{p.id},{rng.normal()},{rng.normal() if p.count(View.NODE) else ''}" for p in people]
    (folder / "signs.csv").write_text("\n".join(["patient,tumour_logit,node_logit", *lines, ""]), encoding="utf-8")
    make_model(folder / "models" / "random")
    return folder


def run(study: Path, out: Path, *words: str) -> int:
    return main([str(study), "--model", "random", "--out", str(out), "--device", "cpu", *words])


def test_the_command_measures_and_repeats_itself(study: Path, tmp_path: Path) -> None:
    for out in ("one", "other"):
        assert run(study, tmp_path / out, "--steps", "3", "--draws", "2") == 0
    names = {"explanation.csv", "explanation.md", "images.csv", "curves.svg"}
    assert {path.name for path in (tmp_path / "one").iterdir()} == names
    for name in names:
        assert (tmp_path / "one" / name).read_bytes() == (tmp_path / "other" / name).read_bytes()
    with (tmp_path / "one" / "explanation.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    parts = {row["part"] for row in rows}
    assert parts == {"Pointing and energy", "Deletion and insertion", "Parameters drawn anew", "Images in the verdict"}
    assert {row["group"] for row in rows} >= {"all", "tumour images", "node images"}
    everything = next(
        row for row in rows if row["measure"] == "down to everything: correlation" and row["group"] == "all"
    )
    assert abs(float(everything["value"])) < 1
    text = (tmp_path / "one" / "explanation.md").read_text(encoding="utf-8")
    assert "6 simulated patients (internal test)" in text and "Verdicts of 6 patients" in text


def test_parts_can_be_left_out(study: Path, tmp_path: Path) -> None:
    none = tmp_path / "none.csv"
    asked = (
        "--steps",
        "0",
        "--draws",
        "0",
        "--patients",
        "2",
        "--signs",
        str(none),
        "--cohorts",
        "training,internal test",
    )
    assert run(study, tmp_path / "out", *asked) == 0
    text = (tmp_path / "out" / "explanation.md").read_text(encoding="utf-8")
    assert "of 2 simulated patients" in text
    for said in ("Deletion and insertion were not measured", "Parameters were not drawn anew", "has no none.csv"):
        assert said in text
    assert "Images in the verdict" not in text


def test_a_model_of_stage_one_alone_has_no_verdicts(study: Path, tmp_path: Path) -> None:
    plain = make_model(tmp_path / "plain", with_verdict=False)
    words = ("--steps", "0", "--draws", "0", "--model", str(plain))
    assert run(study, tmp_path / "out", *words) == 0
    assert "no second stage" in (tmp_path / "out" / "explanation.md").read_text(encoding="utf-8")


def test_a_wrong_cohort_is_told(study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(study, tmp_path / "out", "--cohorts", "moon") == 1
    assert "There is no cohort 'moon'; choose of internal test, training." in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
