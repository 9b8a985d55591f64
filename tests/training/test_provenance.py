"""What a model's manifest says of the patients and images that taught it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from asked import job, trained

from aln_desk.domain.patient import Patient, View
from aln_desk.domain.trained_on import Seen, TrainedOn
from aln_desk.io import images, trained_on
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.models.build import load_model
from training import data, provenance
from training.data import ImageSet, Split


def image_set(*contents: str) -> ImageSet:
    nothing = np.zeros((0, 0, 0), np.uint8)
    return ImageSet(nothing, nothing, nothing, np.zeros((0, 2), np.float32), (), "", contents)


def patients(study: Path) -> list[Patient]:
    with Project.open(study) as project:
        return project.patients()


def digests(*bag_owners: Patient, view: View | None = None) -> frozenset[str]:
    return frozenset(images.digest(i.image) for p in bag_owners for i in p.bag if view in (None, i.view))


def test_an_image_in_both_parts_counts_as_learned_from() -> None:
    found = provenance.of_images(image_set("a", "b"), image_set("b", "c"))
    assert found == TrainedOn(frozenset("ab"), frozenset("c"))


def test_the_second_stage_adds_the_bags_of_patients_with_outcomes(study: Path) -> None:
    first, second, third, fourth = patients(study)[:4]
    silent = Patient(third.id, third.cohort, None, bag=third.bag)
    split, base = Split((first, silent), (second, fourth)), TrainedOn(digests(fourth), frozenset("x"))
    found = provenance.with_bags(base, split, frozenset(View))
    assert found == TrainedOn(digests(first, fourth), digests(second) | {"x"})
    tumours = provenance.with_bags(TrainedOn(frozenset(), frozenset()), split, provenance.views_of("tumour"))
    assert tumours is not None and tumours.held_out == digests(second, fourth, view=View.TUMOUR)
    assert provenance.with_bags(None, split, frozenset(View)) is None


def test_sources_are_named_by_a_variable_and_simulated_patients_by_the_truth(study: Path) -> None:
    with Project.open(study) as project:
        everyone = project.patients()
        (study / "truth.csv").write_text("patient,outcome\n" + "".join(f"{p.id},1\n" for p in everyone[:20]))
        for patient in everyone[20:26]:
            project.set_clinical(patient.id, "source", "BUSI")
            project.set_outcome(patient.id, None)
        found = provenance.sources(project, project.patients())
    assert [(one["name"], one["patients"], one["outcomes"], one["simulated"]) for one in found] == [
        ("simulated patients", 20, 20, True),
        ("BUSI", 6, 0, False),
        ("patients of the project", 6, 6, False),
    ]
    assert sum(one["images"] for one in found) == sum(len(p.bag) for p in everyone)


def test_without_a_usable_table_of_truth_no_patient_is_called_simulated(study: Path) -> None:
    (study / "truth.csv").write_bytes(b"\xff\xfe\x00nothing")
    with Project.open(study) as project:
        assert [one["simulated"] for one in provenance.sources(project, project.patients())] == [False]


@pytest.mark.usefixtures("thin_network")
def test_a_run_records_what_taught_it_and_what_was_held_out(study: Path) -> None:
    folder = trained(job(study))
    manifest, model = read_manifest(folder), load_model(folder, torch.device("cpu"))
    assert model.trained_on == trained_on.read(folder, manifest) is not None
    with Project.open(study) as project:
        split = data.split(
            project.patients(cohorts={"training"}), {c.name: c.role for c in project.cohorts()}, held_out=0.2
        )
        tests = project.patients(cohorts={"internal test"})
    assert model.trained_on == TrainedOn(digests(*split.fit), digests(*split.tune))
    assert {model.trained_on.image(one) for one in digests(*tests)} == {Seen.NEW}
    (source,) = manifest["training"]["sources"]
    assert (source["name"], source["patients"], source["outcomes"]) == ("patients of the project", 24, 24)


@pytest.mark.usefixtures("thin_network")
def test_a_second_stage_keeps_what_its_base_learned_from_and_from_what_outcomes(study: Path) -> None:
    (study / "truth.csv").write_text("patient,outcome\n")
    base = trained(job(study, stages="mtl"))
    (study / "truth.csv").unlink()
    known = trained_on.read(base, read_manifest(base))
    folder = trained(job(study, stages="mil", base=base, fold=(1, 4)))
    manifest = read_manifest(folder)
    found = trained_on.read(folder, manifest)
    assert known is not None and found is not None and found.fitted > known.fitted
    assert manifest["simulated"], "its tokens come from simulated outcomes"


@pytest.mark.usefixtures("thin_network")
def test_on_a_base_of_before_records_nothing_is_recorded(study: Path, random_model: Path) -> None:
    assert "trained_on" not in read_manifest(trained(job(study, ("size", "64"), stages="mil", base=random_model)))
