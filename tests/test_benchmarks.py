"""The benchmarks, at sizes that say nothing about speed: that they run, agree with what they compare, and report."""

from __future__ import annotations

import json
import math
import re
import sys
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path

import pytest
import torch

pytest.importorskip("resource", reason="the benchmarks measure memory as POSIX does")
sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import forward_speed
import gpu
import stage_one_speed
import stage_two_speed
import turns
import verdict_speed

from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from aln_desk.models.preprocess import Preprocess
from training import data

ONE = stage_one_speed.Race(size=64, batch=2, patients=2, steps=2, rounds=2, workers=1, threads=1)
TWO = stage_two_speed.Race(patients=24, epochs=3, larger=12, layers=1, threads=1)
FORWARD = forward_speed.Pass(size=64, batch=2, rounds=2, sides=(32, 64), repeats=2)
PLAN = gpu.Plan(ONE, TWO, FORWARD, whole=False)
SECONDS = {"plain": 3.0, "ours": 0.5, "larger": 0.25}


Way = Callable[[Path, stage_one_speed.Race, turns.Turn], turns.Figures]


class Rounds(turns.Turn):
    """Stands for a `Turn`: notes each round's figures and ends after so many, the warming up included."""

    def __init__(self, count: int) -> None:
        self.count, self.seen, self.restarts = count, list[turns.Figures](), 0

    def over(self, **figures: float) -> bool:
        self.seen.append(figures)
        return len(self.seen) == self.count

    def restart(self) -> None:
        self.restarts += 1

    def stop(self) -> float:
        return 0.0


def raced(**figures: float) -> dict[str, turns.Raced]:
    """Two rounds of every way, as they would be told."""
    return {name: turns.Raced([{"seconds": s, **figures}] * 2, {"auc": 0.8}) for name, s in SECONDS.items()}


@pytest.fixture
def copied(study: Path) -> Path:
    """The study with JPEG copies and masks of its images, as the reference of stage 1 wants them."""
    files = list(stage_one_speed.copies(study))
    assert {(file.lesion, file.status) for file in files} == {(0, 0), (0, 1), (1, 0), (1, 1)}
    (study / "plain.json").write_text(json.dumps([asdict(file) for file in files]))
    return study


@pytest.mark.parametrize("way", [stage_one_speed.plainly, stage_one_speed.ours])
def test_stage_one_trains_for_its_rounds(copied: Path, way: Way) -> None:
    turn = Rounds(3)
    assert way(copied, ONE, turn) == {}
    assert len(turn.seen) == 3
    assert all(round_["waited"] >= 0 for round_ in turn.seen)


def test_images_are_repeated_up_to_a_number(copied: Path) -> None:
    with Project.open(copied) as project:
        images = data.load(project.patients(), Preprocess(64), project.cache)
    more = stage_one_speed.repeated(images, 100)
    assert len(more) == len(more.image) == len(more.content) == 100
    assert (more.image[len(images)] == images.image[0]).all()
    assert stage_one_speed.repeated(images, 3) is images


def test_stage_two_trains_for_its_epochs_and_tells_its_auc() -> None:
    for way in (stage_two_speed.plainly, partial(stage_two_speed.ours, batch=4)):
        turn = Rounds(TWO.epochs)
        assert 0 <= way(TWO, turn=turn)["auc"] <= 1
        assert len(turn.seen) == TWO.epochs


def test_all_of_stage_twos_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage_two_speed, "WHOLE", 2)
    done = stage_two_speed.whole(TWO)
    assert done["seconds"] > 0 and 0 <= done["auc"] <= 1


def test_a_larger_batch_has_a_higher_rate_and_the_same_share_of_warming_up() -> None:
    one, other = (stage_two_speed.recipe(batch, 1200 // batch, 100) for batch in (4, 16))
    assert other.learning_rate == pytest.approx(2 * one.learning_rate)
    assert one.warmup / 30_000 == other.warmup / 7_500 == pytest.approx(0.35)


def test_the_forward_pass_and_the_peak() -> None:
    found = forward_speed.figures(FORWARD)
    assert all(math.isfinite(value) and value > 0 for value in found.values())
    assert found["peak_side"] in FORWARD.sides
    assert found["peak_share"] == pytest.approx(found["teraflops"] / found["peak_teraflops"])


def test_the_verdict_is_the_same_every_way(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, random_model: Path) -> None:
    monkeypatch.setattr(verdict_speed, "ROUNDS", 1)
    model = load_model(random_model, torch.device("cpu"))
    works = verdict_speed.ways(model, verdict_speed.draw_patient(tmp_path), threads=1)
    assert {name: len(seconds) for name, seconds in verdict_speed.race(works).items()} == dict.fromkeys(works, 1)


def count_to(step: int, turn: turns.Turn) -> turns.Figures:
    number = 0
    while not turn.over(number=number):
        turn.restart()
        number += step
    return {"last": number}


def fail(turn: turns.Turn) -> turns.Figures:
    raise ValueError("this way is meant to fail")


def test_ways_take_turns_and_tell_their_figures() -> None:
    found = turns.race({"one": partial(count_to, 1), "ten": partial(count_to, 10)}, rounds=3, device="cpu", threads=1)
    for name, step in (("one", 1), ("ten", 10)):
        assert [round_["number"] for round_ in found[name].rounds] == [step, 2 * step, 3 * step]
        assert found[name].end == {"last": 3 * step}
        assert found[name].median("number") == 2 * step
        assert all(round_["seconds"] >= 0 and round_["peak"] > 2**20 for round_ in found[name].rounds)


def test_a_way_that_fails_ends_the_race_in_a_sentence() -> None:
    with pytest.raises(SystemExit, match="'bad' failed"):
        turns.race({"bad": fail}, rounds=1, device="cpu")


def test_ratios_compare_rounds_side_by_side() -> None:
    slow = turns.Raced([{"seconds": s} for s in (2.0, 40.0, 2.0)], {})
    fast = turns.Raced([{"seconds": s} for s in (1.0, 10.0, 2.0)], {})
    assert turns.ratio(slow, fast) == 2.0


def test_the_table_says_what_was_reached() -> None:
    card = replace(ONE, batch=16, steps=30)
    ways = raced(waited=0.0, peak=2.0**28) | {"plain": raced(waited=0.03, peak=2.0**30)["plain"]}
    one, two = stage_one_speed.figures(card, ways), stage_two_speed.figures(TWO, raced())
    forward = dict.fromkeys(("plain_images_a_second", "ours_images_a_second", "ratio", "peak_side"), 2.0)
    forward |= {"teraflops": 100.0, "peak_teraflops": 400.0, "peak_share": 0.25}
    rows = [
        *gpu.stage_one_rows(card, one),
        *gpu.stage_two_rows(TWO, two),
        *gpu.forward_rows(FORWARD, forward),
    ]
    assert_well_formed(gpu.table(rows))
    assert [row.reached for row in rows] == [True, True, None, True, None, False, False, None]
    assert [row.ratio for row in rows] == ["6.00x", "6.00x", "", "25%", "6.00x", "12.00x", "2.00x", "25.0%"]
    assert rows[0].ours == "960.0" and rows[1].ours == "2.8"
    assert rows[5].ours == "25.0 (0.800)", "12 times as fast, but not under 20 s"


def assert_well_formed(table: str) -> None:
    """Markdown with as many cells in every line as in the head."""
    head, rule, *lines = table.splitlines()
    assert head.split(" | ")[0] == "| what" and re.fullmatch(r"\|( --- \|)+", rule)
    assert {line.count("|") for line in (head, rule, *lines)} == {7}
    assert len(lines) == 8


def test_without_a_card_it_is_a_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(sys, "argv", ["gpu.py", "--out", str(tmp_path / "out")])
    with pytest.raises(SystemExit, match="no CUDA device"):
        gpu.main()
    assert not (tmp_path / "out").exists()


def test_what_is_measured_on_a_card_is_what_was_asked() -> None:
    one, two, forward = gpu.CARD.stage_one, gpu.CARD.stage_two, gpu.CARD.forward
    assert {one.device, two.device, forward.device} == {"cuda"}
    assert (one.backbone, one.size, one.batch, one.workers) == ("segformer-b2", 512, 16, 8) and one.compiles
    assert (two.patients, stage_two_speed.WHOLE, stage_two_speed.BATCH) == (1144, 100, 4)
    assert (forward.backbone, forward.size, forward.batch) == ("segformer-b2", 512, 64)


@pytest.mark.slow
def test_the_whole_table_is_rehearsed(tmp_path: Path) -> None:
    text = gpu.report(PLAN, tmp_path / "out")
    assert_well_formed(text.split("\n\n")[0])
    assert text == (tmp_path / "out" / "gpu.md").read_text()
    record = json.loads((tmp_path / "out" / "gpu.json").read_text())
    assert all(record[name] for name in ("device", "torch", "date", "commit"))
    assert len(record["rows"]) == 8
    figures = {f"{part}.{k}": v for part in ("stage_one", "stage_two", "forward") for k, v in record[part].items()}
    assert all(math.isfinite(value) for value in figures.values())
    assert all(0 <= figures[f"stage_one.{way}_waiting"] < 1 for way in ("plain", "ours"))
