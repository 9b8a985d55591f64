"""Which steps the comparison takes: recipes, what counts as done, what is gone on with, and when it stops."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from threading import Barrier

import pytest
import torch

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadProject, BadSetting
from aln_desk.domain.recipe import AGGREGATORS
from aln_desk.io.project import Project
from aln_desk.models.backbones import check_backbone
from training import commands
from training.commands import Clock
from training.record import RunFolder, RunRecord
from training.study import __main__ as command
from training.study.figures import best
from training.study.recipes import SIZES, Contender, Size
from training.study.work import Bench, Made

FORMER = Contender("former", "Former", "backbone", "tiny", (("mtl.iterations", "2"),))
MAX = Contender("max", "Maximum", "aggregator", "tiny", (("mil.kind", "max"),), "former")
BASE = Made(FORMER, "abc", "abc", 0.9, 1.0, "cpu")


@pytest.mark.parametrize("size", SIZES.values(), ids=lambda size: size.name)
def test_every_recipe_can_be_trained(size: Size) -> None:
    known: set[str] = set()
    for one in size.contenders:
        check_backbone(one.recipe.backbone, one.recipe.size)
        assert not one.base or one.base in known
        known.add(one.key)
    assert len(known) == len({one.name for one in size.contenders}) == len(size.contenders)
    kinds = {one.recipe.mil.kind for one in size.contenders if one.family in ("aggregator", "backbone")}
    assert kinds == set(AGGREGATORS)
    judging = [one.recipe for one in size.contenders if one.family not in ("clinical", "fusion")]
    assert all(one.calibration == "platt" and one.error == 0.1 for one in judging)
    assert {one.family for one in size.contenders} == {"clinical", "single T", "backbone", "aggregator", "fusion"}


def test_the_papers_backbones_are_compared_where_there_is_a_gpu() -> None:
    papers = {"segformer-b2", "swin-t", "hrnet-w18", "resnet-50c", "unet", "mobilenetv3-large"}
    backbones = [one.recipe for one in SIZES["gpu"].contenders if one.family == "backbone"]
    assert {one.backbone for one in backbones} == papers
    assert len({replace(one, backbone="") for one in backbones}) == 1


def test_what_is_wanted_comes_with_its_base() -> None:
    assert [one.key for one in SIZES["cpu"].wanted(["abmil", "clinical"])] == ["clinical", "resnet10t", "abmil"]
    assert SIZES["cpu"].wanted([]) == SIZES["cpu"].contenders
    with pytest.raises(BadSetting, match=r"--only swin-t: size cpu has no such model. It has: clinical, single-t"):
        SIZES["cpu"].wanted(["swin-t"])


def test_an_unknown_name_is_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--work", str(tmp_path), "--out", str(tmp_path / "out"), "--only", "nobody", "--device", "cpu"]
    assert command.main(words) == 1
    assert capsys.readouterr().err.startswith("study: --only nobody: size cpu has no such model.")


def test_our_best_is_chosen_on_held_out_patients_among_transformers() -> None:
    deep = Contender("deep", "Deep", "aggregator", "tiny", (("mil.layers", "4"),), "former")
    made = [replace(BASE, contender=MAX, held_out=0.99), BASE, replace(BASE, contender=deep, digest="d", held_out=0.91)]
    found = best(made)
    assert found is not None and found.digest == "d"
    assert best(made[:1]) is None and best([replace(BASE, held_out=float("nan"))]) is None


@pytest.fixture
def bench(study: Path, monkeypatch: pytest.MonkeyPatch) -> Bench:
    """Commands are noted and do nothing."""
    monkeypatch.setattr(commands, "aln_desk", lambda clock, *words, **options: SAID.append(words))
    SAID.clear()
    return Bench(study.parent, "cpu")


SAID: list[tuple[object, ...]] = []


def _run(bench: Bench, contender: Contender, state: str, base: str = "") -> RunFolder:
    """A run of that contender, which lies in the study."""
    recipe = recipes.to_dict(contender.recipe)
    record = RunRecord("", contender.preset, contender.stages, "2030-01-01T00:00:00", recipe, [], base)
    with Project.open(bench.study) as project:
        run = RunFolder.create(project.runs, record)
        run.change(state=state, label=contender.name, digest="abc" if state == "finished" else "")
    return run


def _model(bench: Bench) -> None:
    folder = bench.study / "models" / "abc"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "manifest.json").write_text("{}")


def test_a_new_training_says_all_that_the_recipe_says(bench: Bench) -> None:
    bench.make(MAX, BASE)
    base = (bench.study / "models" / "abc").resolve()
    asked = ("--preset", "tiny", "--name", "Maximum", "--set", "mil.kind=max", "--base", base, "--device", "cpu")
    assert [("train", "mil", bench.study, *asked)] == SAID


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_a_training_that_was_cut_off_is_gone_on_with(bench: Bench, state: str) -> None:
    run = _run(bench, FORMER, state)
    bench.make(FORMER, None)
    asked = ("--resume", run.record.run, "--wait", "--device", "cpu")
    assert [("train", "all", bench.study, *asked)] == SAID


@pytest.mark.parametrize("state", ["failed", "finished"])
def test_a_training_that_failed_or_whose_model_is_gone_is_begun_anew(bench: Bench, state: str) -> None:
    _run(bench, FORMER, state)
    bench.make(FORMER, None)
    assert "--preset" in SAID[0]


def test_a_changed_recipe_or_base_is_another_training(bench: Bench) -> None:
    _model(bench)
    _run(bench, FORMER, "finished")
    _run(bench, MAX, "finished", "/elsewhere/models/abc")
    again = replace(FORMER, settings=(("mtl.iterations", "3"),))
    bench.make(again, None)
    assert "mtl.iterations=3" in SAID[0]
    assert bench._finished(FORMER, None) is not None and bench._finished(MAX, BASE) is not None
    assert bench._finished(again, None) is None and bench._finished(MAX, replace(BASE, digest="other")) is None
    assert bench.find(MAX, None) is None


def test_who_builds_on_what_failed_fails_too_and_the_others_go_on(
    bench: Bench, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(clock: Clock, *words: object, **options: object) -> None:
        SAID.append(words)
        raise BadProject("It failed.")

    monkeypatch.setattr(commands, "aln_desk", fails)
    clinical = Contender("clinical", "Clinical", "clinical", "tiny")
    for at_once in (1, 2):
        SAID.clear()
        assert sorted(command._make(bench, (FORMER, MAX, clinical), at_once)) == ["clinical", "former", "max"]
        assert sorted(str(words[1]) for words in SAID) == ["all", "clinical"]
        assert "study: Former: It failed." in capsys.readouterr().err


def test_stages_1_are_trained_side_by_side_on_parts_of_the_cores(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    both_at_work = Barrier(2, timeout=60)
    other = replace(FORMER, key="other", name="Other")

    def learns(clock: Clock, *words: object, threads: int | None = None, **options: object) -> None:
        assert words[0] == "train" and threads == max(1, torch.get_num_threads() // 2)
        both_at_work.wait()
        _run(bench, FORMER if FORMER.name in words else other, "finished")
        _model(bench)

    monkeypatch.setattr(commands, "aln_desk", learns)
    assert command._train_side_by_side(bench, [FORMER, other], 2) == []


def test_results_are_published_again_only_for_other_scorers(bench: Bench, tmp_path: Path) -> None:
    out = tmp_path / "results"
    out.mkdir()
    bench.evaluate(out, ["a", "b"], ["table_2"])
    assert SAID[-1] == ("evaluate", bench.tests, "--out", out, "--parts", "table_2", "--runs", "a", "b")
    (out / "manifest.json").write_text('{"selection": {"scorers": ["a", "b"]}}')
    SAID.clear()
    bench.evaluate(out, ["a", "b"])
    assert not SAID and not bench.is_published(out, ["b", "a"])
