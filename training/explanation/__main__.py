"""How far a model's explanations can be believed: ``python -m training.explanation PROJECT --model M --out DIR``.

Measured on a simulated project, whose outlines and signs are the truth: where the CAM's evidence lies (pointing game,
energy; with and without the mask attention), deletion and insertion, whether the CAM depends on what was learned, and
which agrees better with what each image truly contributes, its Shapley share or its attention weight.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from tqdm import tqdm

from aln_desk.domain.errors import AlnError, BadProject, BadSetting
from aln_desk.domain.patient import Patient, Role
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, choose_device, load_model
from training import data
from training.data import ImageSet
from training.explanation import bags, images, maps, output, summary
from training.explanation.bags import BagFinding
from training.phantom.study import SIGNS_FILE

STEPS, DRAWS = 10, 10


def main(arguments: Sequence[str]) -> int:
    """Measure and write the files to ``--out``; 1 and a sentence where that is not possible."""
    parser = argparse.ArgumentParser(prog="python -m training.explanation", description="Measure explanations.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--model", required=True, help="a model's folder, or its digest in the project")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--cohorts", default="", help="names, with commas between; else all test cohorts")
    parser.add_argument("--patients", type=int, default=0, help="so many, drawn at random; else all")
    parser.add_argument("--steps", type=int, default=STEPS, help="of the deletion and insertion curves; 0: none")
    parser.add_argument("--draws", type=int, default=DRAWS, help="of random parameters; 0: none")
    parser.add_argument("--signs", type=Path, help=f"the patients' signs; else {SIGNS_FILE} in the project")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(arguments)
    try:
        explain(options)
    except AlnError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def explain(options: argparse.Namespace) -> None:
    """Measure what ``options`` ask for and write it. Raises an `AlnError` where that is not possible."""
    with Project.open(options.project) as project:
        folder = project.models / options.model
        model = load_model(folder if folder.is_dir() else Path(options.model), choose_device(options.device))
        patients = chosen(project, options.cohorts, options.patients)
        found = data.load(patients, model.preprocess, project.cache)
    read = maps.read(model.mtl, model.preprocess, found.image)
    with tqdm(total=len(found), unit="image", disable=None) as bar:
        shown = images.measure(
            model, found, read, options.steps, options.draws, lambda done, total: _show(bar, done, total)
        )
    if not shown:
        raise BadProject(f"{options.project}: no image of these cohorts has an outlined lesion to measure by.")
    bag, truth = _bags(model, patients, found, read, options.signs or options.project / SIGNS_FILE)
    cohorts = {patient.id: patient.cohort for patient in patients}
    rows = [*summary.image_rows(shown, cohorts.__getitem__), *summary.bag_rows(bag)]
    about = output.About(
        model=f"{model.name} ({model.digest})",
        cohorts=", ".join(dict.fromkeys(cohorts.values())),
        patients=len({one.taught.instance.patient for one in shown}),
        images=len(shown),
        left_out=len(found) - len(shown),
        steps=options.steps,
        draws=options.draws,
        truth=truth,
    )
    output.write(options.out, about, rows, shown)
    print(f"{len(shown)} images were measured: {options.out / 'explanation.md'}")


def chosen(project: Project, cohorts: str, count: int) -> list[Patient]:
    """The patients with images of these cohorts, or of all test cohorts; ``count`` of them at random (seed 0), 0: all.

    Raises `BadSetting` for a cohort that does not exist, `BadProject` where there are no patients.
    """
    known = {cohort.name: cohort.role for cohort in project.cohorts()}
    wanted = {name.strip() for name in cohorts.split(",") if name.strip()}
    if unknown := sorted(wanted - known.keys()):
        raise BadSetting(f"There is no cohort '{unknown[0]}'; choose of {', '.join(sorted(known))}.")
    wanted = wanted or {name for name, role in known.items() if role not in (Role.TRAIN, Role.TUNE)}
    patients = [patient for patient in project.patients(cohorts=wanted) if patient.bag] if wanted else []
    if not patients:
        raise BadProject(f"{project.folder}: there are no patients with images here. Choose other cohorts.")
    if 0 < count < len(patients):
        kept = np.sort(np.random.default_rng(0).permutation(len(patients))[:count])
        patients = [patients[place] for place in kept]
    return patients


def _bags(
    model: LoadedModel, patients: Sequence[Patient], found: ImageSet, read: maps.Maps, signs: Path
) -> tuple[list[BagFinding], str]:
    """Findings on the patients, and in words by what truth they are judged or why there are none."""
    if model.mil is None:
        return [], "The model has no second stage: no verdict of a patient to explain."
    if not signs.is_file():
        return [], f"{signs.parent.name} has no {signs.name}: what each image truly contributes is not known."
    tokens = {one.instance.id: token for one, token in zip(found.taught, read.token, strict=True)}
    bag = bags.measure(model, patients, tokens, bags.read_signs(signs))
    return bag, (
        f"Verdicts of {len(bag)} patients: the truth of an image is its lesion's part in the outcome's logit "
        f"({SIGNS_FILE}), divided over that lesion's images; attention weights are those of `{model.mil.config.kind}`."
    )


def _show(bar: tqdm[object], done: int, total: int) -> None:
    bar.total = total
    bar.update(done - bar.n)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
