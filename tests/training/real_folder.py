"""A folder of real-looking images with outlines and a manifest."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
from small_study import SIDE, draw_lesion

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import View
from aln_desk.io import labelme_json
from aln_desk.io.images import write_png


def make_folder(folder: Path, groups: int, pictures: int, seed: int = 5) -> Path:
    """``groups`` x ``pictures`` images; the groups take turns: a tumour, a lymph node, nothing."""
    folder.mkdir()
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(groups * pictures):
        group = number // pictures
        view = View.NODE if group % 3 == 1 else View.TUMOUR
        pixels, shape = draw_lesion(rng, view, 1)
        kind, shapes = ("normal", ()) if group % 3 == 2 else ("malignant", (shape,))
        if not shapes:
            pixels = rng.normal(150, 20, (SIDE, SIDE)).clip(0, 255).astype(np.uint8)
        path = folder / f"{kind}_{number:03d}.png"
        write_png(path, pixels)
        labelme_json.write(labelme_json.sidecar(path), Annotation(path.name, SIDE, SIDE, shapes))
        rows.append((path.name, kind, group))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("file", "class", "duplicate_group"), *rows])
    return folder
