"""The race with labelme, at sizes that say nothing about speed: ALN Desk's side does what is asked, and the table."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))
import labelme_race
from labelme_race import ROWS, Raced

ROW = ROWS[0]


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder: Path = tmp_path_factory.mktemp("race")
    labelme_race.draw(folder, files=6, crowd=(8, 20), ring=40)
    return folder


def test_each_side_has_its_own_annotations_of_the_same_pictures(drawn: Path) -> None:
    ours, labelme = (drawn / name for name in ("ours", "labelme"))
    assert [path.name for path in sorted((ours / "many").iterdir())] == [f"P{number:05}.png" for number in range(6)]
    for place in ("crowd", "ring"):
        assert (ours / place / "image.png").samefile(labelme / place / "image.png")
        assert not (ours / place / "image.json").samefile(labelme / place / "image.json")
        assert (ours / place / "image.json").read_bytes() == (labelme / place / "image.json").read_bytes()


@pytest.mark.slow
@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row.action}-{row.folder}")
def test_our_side_does_what_is_asked(drawn: Path, row: labelme_race.Row) -> None:
    (raced,) = labelme_race.race(drawn, [row], rounds=2, labelme="")
    assert len(raced.ours) == 2 and not raced.labelme
    assert all(clock > 0 and worked > 0 for clock, worked in raced.ours)


def test_the_table_compares_rounds_side_by_side() -> None:
    alone = Raced(ROW, [(10.0, 4.0), (30.0, 4.0), (12.0, 4.0)])
    assert alone.cells() == [ROW.name, "12.0", "4.0", "under 16", "yes"]
    both = Raced(ROW, alone.ours, [(20.0, 8.0), (240.0, 2.0), (12.0, 4.0)])
    assert both.cells() == [ROW.name, "12.0", "4.0", "20.0", "4.0", "2.0x / 1.0x", "under 16", "yes"]
    assert [Raced(ROW, [spent]).cells()[-1] for spent in ((16.0, 15.0), (17.0, 16.0))] == ["cpu only", "no"]
    for raced, is_both in ((alone, False), (both, True)):
        first, rule = labelme_race.head(is_both).splitlines()
        assert {text.count("|") for text in (first, rule, labelme_race.line(raced.cells()))} == {len(raced.cells()) + 1}


def test_a_side_that_fails_says_why(drawn: Path) -> None:
    with pytest.raises(SystemExit, match="no such action"):
        command = [sys.executable, "-c", "raise SystemExit('no such action')"]
        labelme_race.Side(command, {}, drawn / "failed.log")
