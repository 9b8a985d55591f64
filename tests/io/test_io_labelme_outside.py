"""LabelMe itself opens what we write. Runs where ``LABELME_PYTHON`` names a Python with labelme 7 installed."""

from __future__ import annotations

import base64
import json
import os
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annotation_strategies import annotations
from hypothesis import HealthCheck, Phase, given, settings

from aln_desk.domain.annotation import Annotation
from aln_desk.io import images, labelme_json
from aln_desk.io.labelme_json import read, sidecar, write

LABELME = os.environ.get("LABELME_PYTHON", "")
SHARED = Path(__file__).parents[2].parent / "shared" / "data" / "busi"
HEIGHT, WIDTH = 11, 17

pytestmark = pytest.mark.skipif(not LABELME, reason="LABELME_PYTHON names no Python with labelme")

# Prints, for each JSON file of a folder, what labelme made of it: its error, or all it knows of the shapes.
LOADER = """
import json, sys
from pathlib import Path
from labelme._label_file import read_label_file

for path in sorted(Path(sys.argv[1]).rglob("*.json")):
    try:
        found = read_label_file(filename=str(path))
        shapes = [
            [s["label"], [list(map(float, p)) for p in s["points"]], s["shape_type"], s["group_id"], s["description"],
             s["flags"], s["other_data"]] for s in found.shapes]
        answer = [found.image_path, found.flags, found.other_data, shapes]
    except Exception as error:
        answer = repr(error)
    print(json.dumps([path.name, answer]))
"""


def labelme_reads(folder: Path) -> dict[str, object]:
    """What labelme makes of each annotation file under ``folder``."""
    ran = subprocess.run([LABELME, "-c", LOADER, str(folder)], capture_output=True, text=True, check=True)
    return dict(json.loads(line) for line in ran.stdout.splitlines())


def ours(annotation: Annotation) -> object:
    """The same summary of an annotation of ours, as JSON would bring it back."""
    shapes = [[s.label, s.points, s.shape_type, s.group_id, s.description, s.flags, s.extra] for s in annotation.shapes]
    return json.loads(json.dumps([annotation.image_path, annotation.flags, annotation.extra, shapes]))


def test_labelme_opens_annotations_of_every_kind(tmp_path: Path) -> None:
    images.write_png(tmp_path / "x.png", np.zeros((HEIGHT, WIDTH, 3), np.uint8))
    embedded = base64.b64encode((tmp_path / "x.png").read_bytes()).decode()
    written: dict[str, Annotation] = {}

    @settings(max_examples=300, phases=[Phase.generate], suppress_health_check=list(HealthCheck), deadline=None)
    @given(annotations())
    def collect(annotation: Annotation) -> None:
        image_data = embedded if annotation.image_data else None
        known = replace(annotation, image_path="x.png", image_height=HEIGHT, image_width=WIDTH, image_data=image_data)
        name = f"{len(written):04}.json"
        write(tmp_path / name, known)
        written[name] = known

    collect()
    found = labelme_reads(tmp_path)
    assert len(found) >= 200
    assert {name: answer for name, answer in found.items() if answer != ours(written[name])} == {}


@pytest.mark.skipif(not SHARED.is_dir(), reason="the public images are absent")
def test_labelme_opens_rewritten_public_annotations(tmp_path: Path) -> None:
    expected = {}
    for image in images.find(SHARED):
        (tmp_path / image.name).symlink_to(image)
        annotation = read(sidecar(image))
        write(tmp_path / sidecar(image).name, annotation)
        expected[sidecar(image).name] = ours(annotation)
    found = labelme_reads(tmp_path)
    assert len(found) == len(expected) > 500
    assert {name: answer for name, answer in found.items() if answer != expected[name]} == {}


def test_labelme_opens_an_annotation_of_unknown_size(tmp_path: Path) -> None:
    images.write_png(tmp_path / "x.png", np.zeros((HEIGHT, WIDTH), np.uint8))
    (tmp_path / "x.json").write_text(labelme_json.dumps(Annotation("x.png")), encoding="utf-8")
    assert labelme_reads(tmp_path) == {"x.json": ["x.png", {}, {}, []]}
