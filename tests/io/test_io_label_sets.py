"""The labels of a project: the last set holds, all are remembered, and none that cannot be used is stored."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from aln_desk.domain.errors import BadProject
from aln_desk.domain.labels import DEFAULT, Label
from aln_desk.io.project import DATABASE, Project

OWN = (*DEFAULT, Label("Narbe 疤", "#ffffff", 9, "none", {"age": ("old", "new")}, ("check",)))


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "project") as opened:
        yield opened


def test_a_project_offers_the_default_until_it_has_its_own(project: Project) -> None:
    assert project.labels() == DEFAULT and project.label_sets() == []
    project.set_labels(OWN, "AN")
    with Project.open(project.folder) as again:
        assert again.labels() == OWN
        (kept,) = again.label_sets()
    assert (kept.reader, kept.labels) == ("AN", OWN)
    assert kept.changed_at.endswith("+00:00")


def test_every_set_is_remembered_and_the_same_one_is_no_change(project: Project) -> None:
    project.set_labels(OWN)
    project.set_labels(OWN)
    project.set_labels(DEFAULT, "BO")
    assert [one.labels for one in project.label_sets()] == [OWN, DEFAULT]
    assert project.labels() == DEFAULT


def test_what_cannot_be_used_is_refused(project: Project) -> None:
    with pytest.raises(BadProject, match="key 1"):
        project.set_labels([*OWN, replace(OWN[0], word="other")])
    with pytest.raises(BadProject, match="at least one"):
        project.set_labels([])
    assert project.labels() == DEFAULT


@pytest.mark.parametrize("text", ["", "[]", "{}", "[1]", '[{"word": "x"}]', "null", '"x"', "[" * 9999])
def test_a_set_that_makes_no_sense_is_passed_over(project: Project, text: str) -> None:
    project.set_labels(OWN)
    connection = sqlite3.connect(project.folder / DATABASE)
    connection.execute("INSERT INTO label_set VALUES ('2030', '', ?)", (text,))
    connection.commit()
    connection.close()
    assert project.labels() == OWN
