"""The simulated study is made once, and the project of its tests holds just its test cohorts."""

from __future__ import annotations

from pathlib import Path

import pytest

from aln_desk import cli
from aln_desk.io.importers import new_project
from aln_desk.io.project import Project
from training import commands, simulated
from training.commands import Clock
from training.phantom import simulate
from training.simulated import EXTERNAL, INTERNAL, TRAINING


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[tuple[object, ...]]:
    """The commands, which run in this process."""
    found: list[tuple[object, ...]] = []

    def in_this_process(clock: Clock, *words: object, stoppable: bool = True) -> None:
        found.append(words)
        assert cli.run([str(word) for word in words]) == 0

    monkeypatch.setattr(commands, "aln_desk", in_this_process)
    return found


def test_a_study_that_is_there_is_not_simulated(study: Path, said: list[tuple[object, ...]]) -> None:
    simulated.ensure(Clock(), study)
    assert not said


def test_a_study_is_asked_for_in_the_papers_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[tuple[object, ...]] = []
    monkeypatch.setattr(commands, "aln_desk", lambda clock, *words: said.append(words))
    simulated.ensure(Clock(), tmp_path / "study")
    simulated.ensure(Clock(), tmp_path / "study", "--shortcut", "text", patients=60, seed=2)
    first = ("simulate", tmp_path / "study", "--patients", 1557, "--seed", 1)
    assert said == [first, (*first[:3], 60, "--seed", 2, "--shortcut", "text")]


def test_the_project_of_the_tests_holds_the_test_cohorts(tmp_path: Path, said: list[tuple[object, ...]]) -> None:
    study, tests = tmp_path / "study", tmp_path / "tests"
    simulate(study, 20, 1, size=128, workers=1)
    new_project(study, study).close()
    (tmp_path / "tests.part").mkdir()  # of a call that was cut off
    for _ in range(2):
        simulated.ensure_tests(Clock(), study, tests)
    assert [words[0] for words in said] == ["new"] and not (tmp_path / "tests.part").exists()
    with Project.open(study) as whole, Project.open(tests) as part:
        assert part.simulated
        taught = {p.id for p in whole.patients(cohorts={TRAINING})}
        wanted = {p.id: p for p in whole.patients() if p.id not in taught}
        found = {p.id: p for p in part.patients()}
    assert found.keys() == wanted.keys() and {p.cohort for p in found.values()} == {INTERNAL, EXTERNAL}
    for name, patient in found.items():
        assert patient.outcome == wanted[name].outcome and patient.clinical == wanted[name].clinical
        assert all(Path(i.image).samefile(j.image) for i, j in zip(patient.bag, wanted[name].bag, strict=True))
