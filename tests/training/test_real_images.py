"""Real images without outcomes beside simulated patients: grouped as patients, taught what their outlines say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from real_folder import make_folder

from aln_desk.domain.errors import BadFile, BadProject
from aln_desk.domain.patient import View
from aln_desk.io.annotations import current_annotation
from aln_desk.io.project import Project
from training import real_images
from training.data import UNKNOWN, taught
from training.provenance import sources


def test_every_group_is_a_patient_without_outcome(study: Path, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "real", groups=4, pictures=2)
    with Project.open(study) as project:
        added = real_images.add(project, folder)
        assert {p.id for p in project.patients(cohorts={real_images.COHORT})} == {p.id for p in added}
        assert [len(p.bag) for p in added] == [2, 2, 2, 2]
        assert {p.outcome for p in added} == {None}
        named = {one["name"]: one for one in sources(project, project.patients())}
    assert (named["real"]["images"], named["real"]["outcomes"]) == (8, 0)


def test_an_image_teaches_what_its_outline_says(study: Path, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "real", groups=3, pictures=1)
    before = {path: path.read_bytes() for path in folder.iterdir()}
    with Project.open(study) as project:
        tumour, node, normal = (p.bag[0] for p in real_images.add(project, folder))
    assert (tumour.view, node.view) == (View.TUMOUR, View.NODE)
    lessons = [taught(i, None, current_annotation(i)) for i in (tumour, node, normal)]
    assert [(one.outlined, one.lesion, one.status) for one in lessons] == [
        (True, 0, UNKNOWN),
        (True, 1, UNKNOWN),
        (True, UNKNOWN, UNKNOWN),
    ]
    assert {path: path.read_bytes() for path in folder.iterdir()} == before


def test_images_are_not_added_twice(study: Path, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "real", groups=2, pictures=1)
    with Project.open(study) as project:
        real_images.add(project, folder)
        with pytest.raises(BadProject):
            real_images.add(project, folder)


@pytest.mark.parametrize("column", ["file", "class", "duplicate_group"])
def test_a_manifest_without_a_column_is_named(tmp_path: Path, column: str) -> None:
    folder = make_folder(tmp_path / "real", groups=1, pictures=1)
    path = folder / real_images.MANIFEST
    path.write_text(path.read_text().replace(column, "other"))
    with pytest.raises(BadFile, match=rf"manifest\.csv.*{column}"):
        real_images.manifest(folder)


@pytest.mark.skipif(not Path("../shared/data/busi").is_dir(), reason="no real images here")
def test_the_real_folder_can_be_added(study: Path) -> None:
    with Project.open(study) as project:
        added = real_images.add(project, Path("../shared/data/busi"))
        images = [current_annotation(i) for p in added for i in p.bag]
    assert (len(added), len(images)) == (449, 568)
    assert np.mean([bool(one.shapes) for one in images]) == pytest.approx(474 / 568)
