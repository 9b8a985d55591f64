"""From a project to tensors: which images teach what, and the cache of decoded uint8 images."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.order import natural_key
from aln_desk.domain.patient import Instance, Patient, Role, View
from aln_desk.io import images
from aln_desk.io.annotations import current_annotation
from aln_desk.io.rasterize import class_mask, lesion_class
from aln_desk.models.preprocess import Preprocess

UNKNOWN = -1
COARSE = 32
"""Side of the coarse masks that augmentation looks at before it crops."""
_LAYOUT = 2


@dataclass(frozen=True, slots=True)
class Taught:
    """What one image teaches. Each part is learned from alone: `UNKNOWN` teaches nothing of that part.

    ``outlined``: its mask is known. ``lesion``: 0 tumour, 1 lymph node, taken from the outline. ``status``: the
    patient's outcome, 0 or 1 (the pseudo-label of every image of that patient).
    """

    instance: Instance
    outlined: bool
    lesion: int
    status: int


@dataclass(frozen=True, slots=True, eq=False)
class ImageSet:
    """Images in memory-mapped arrays. ``image`` (N,S,S,3) uint8 RGB; ``mask`` (N,S,S) uint8 with 0 background,
    1 tumour, 2 lymph node; ``coarse`` (N,C,C) the mask on a coarse grid; ``content`` (N,2) height and width of the
    image inside the square, in pixels; ``taught`` one entry an image, in the same order; ``digest`` names exactly
    these pixels and labels, ``contents`` each image's file (`images.digest`).
    """

    image: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    coarse: NDArray[np.uint8]
    content: NDArray[np.float32]
    taught: tuple[Taught, ...]
    digest: str
    contents: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.taught)

    @property
    def outlined(self) -> NDArray[np.bool_]:
        return np.array([entry.outlined for entry in self.taught], dtype=bool)

    @property
    def lesion(self) -> NDArray[np.int64]:
        return np.array([entry.lesion for entry in self.taught], dtype=np.int64)

    @property
    def status(self) -> NDArray[np.int64]:
        return np.array([entry.status for entry in self.taught], dtype=np.int64)

    @property
    def patient(self) -> NDArray[np.int64]:
        """(N,) a number a patient, the same for all images of one."""
        return np.unique([entry.instance.patient for entry in self.taught], return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True)
class Split:
    """Patients that fit the parameters and patients that choose the threshold; no patient is in both."""

    fit: tuple[Patient, ...]
    tune: tuple[Patient, ...]


def split(patients: Sequence[Patient], roles: dict[str, Role], held_out: float) -> Split:
    """Tune cohorts where there are some; otherwise the last admitted ``held_out`` share of the training patients whose
    outcome is known.

    Only they can choose a threshold, so the others, who teach masks and lesion types, all do. Where so few outcomes are
    known that nobody would be held out, the share is of all training patients. Patients of one admission date stay
    together. Without dates the natural order of ids decides; a patient without a date counts as admitted first.
    Patients of test cohorts are refused with `BadProject`: they may never shape a model.
    """
    tests = [p for p in patients if roles[p.cohort] not in (Role.TRAIN, Role.TUNE)]
    if tests:
        raise BadProject(f"Cohort '{tests[0].cohort}' is a test cohort and cannot be trained on. Choose others.")
    train = [p for p in patients if roles[p.cohort] is Role.TRAIN]
    tune = [p for p in patients if roles[p.cohort] is Role.TUNE]
    if not train:
        raise BadProject("There are no patients to train on. Give some patients a cohort with the role 'train'.")
    if tune:
        return Split(tuple(train), tuple(tune))
    ordered = sorted(train, key=lambda p: (p.admission_date, natural_key(p.id)))
    known = [p for p in ordered if p.outcome is not None]
    last = _last_admitted(known, held_out) or _last_admitted(ordered, held_out)
    held = {p.id for p in last}
    return Split(tuple(p for p in ordered if p.id not in held), tuple(last))


def fold(patients: Sequence[Patient], roles: dict[str, Role], number: int, count: int, seed: int) -> Split:
    """Fold ``number``, from 1, of ``count``: every patient of the chosen cohorts is held out in just one of them.

    Outcomes are dealt evenly, unknown ones too. The same ``seed`` deals the same. `BadProject` for test cohorts and
    where there are fewer patients than folds.
    """
    whole = split(patients, roles, held_out=0.0)
    ordered = sorted([*whole.fit, *whole.tune], key=lambda p: natural_key(p.id))
    if len(ordered) < count:
        raise BadProject(f"{len(ordered)} patients cannot be dealt into {count} folds. Choose fewer folds.")
    rng = np.random.default_rng(seed)
    dealt: list[int] = []
    for outcome in (None, 0, 1):
        dealt += rng.permutation([k for k, p in enumerate(ordered) if p.outcome == outcome]).astype(int).tolist()
    held_out = set(dealt[number - 1 :: count])
    parts: tuple[list[Patient], list[Patient]] = ([], [])
    for k, patient in enumerate(ordered):
        parts[k in held_out].append(patient)
    return Split(tuple(parts[0]), tuple(parts[1]))


def taught(instance: Instance, outcome: int | None, annotation: Annotation) -> Taught:
    """What this image teaches: its outline the mask and lesion type, its patient's outcome the status."""
    lesion = lesion_class(annotation)
    return Taught(
        instance,
        outlined=lesion > 0 or (not annotation.shapes and bool(annotation.flags.get(NO_LESION))),
        lesion=lesion - 1 if lesion else UNKNOWN,
        status=UNKNOWN if outcome is None else int(outcome),
    )


def load(
    patients: Sequence[Patient],
    preprocess: Preprocess,
    cache: Path,
    views: frozenset[View] = frozenset(View),
    progress: Callable[[int, int], None] = lambda done, total: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> ImageSet:
    """The images of these patients and views that teach something, decoded once into ``cache`` and memory-mapped
    after that. No patients give an empty set.

    The cache file's name is the digest of every image's bytes, every outline and the preprocessing, so that a
    changed file can never be answered with old pixels. `Stopped` when cancelled, `BadProject` when nothing teaches.
    """
    with ThreadPoolExecutor(_threads()) as pool:
        pairs = [(i, p.outcome) for p in patients for i in p.bag if i.view in views]
        annotations = list(pool.map(lambda pair: current_annotation(pair[0]), pairs))
        entries = [taught(i, outcome, a) for (i, outcome), a in zip(pairs, annotations, strict=True)]
        kept = [k for k, e in enumerate(entries) if e.outlined or e.status != UNKNOWN]
        if patients and not kept:
            raise BadProject("No image here teaches anything: draw outlines or enter outcomes first.")
        entries, annotations = [entries[k] for k in kept], [annotations[k] for k in kept]
        digests = list(pool.map(lambda e: images.digest(Path(e.instance.image)), entries))
        digest = _digest(entries, annotations, digests, preprocess)
        folder = cache / f"images-{digest}"
        if not entries:
            return _empty(preprocess.size, digest)
        if not (folder / "content.npy").exists():
            jobs = list(zip(entries, annotations, strict=True))
            _build(folder, jobs, preprocess, pool, progress, should_stop)
    image = np.load(folder / "image.npy", mmap_mode="r")
    mask = np.load(folder / "mask.npy", mmap_mode="r")
    coarse, content = np.load(folder / "coarse.npy"), np.load(folder / "content.npy")
    return ImageSet(image, mask, coarse, content, tuple(entries), digest, tuple(digests))


def _empty(size: int, digest: str) -> ImageSet:
    def none(*shape: int) -> NDArray[np.uint8]:
        return np.zeros((0, *shape), np.uint8)

    content = np.zeros((0, 2), np.float32)
    return ImageSet(none(size, size, 3), none(size, size), none(COARSE, COARSE), content, (), digest)


def bag_digest(patients: Sequence[Patient]) -> str:
    """Names exactly these bags and outcomes: changed when an image's bytes, a bag or an outcome changes."""
    with ThreadPoolExecutor(_threads()) as pool:
        digests = list(pool.map(lambda i: images.digest(Path(i.image)), [i for p in patients for i in p.bag]))
    record = [[p.id, p.outcome, [i.id for i in p.bag]] for p in patients]
    return hashlib.sha256(json.dumps([record, digests]).encode()).hexdigest()[:16]


def _build(
    folder: Path,
    jobs: list[tuple[Taught, Annotation]],
    preprocess: Preprocess,
    pool: ThreadPoolExecutor,
    progress: Callable[[int, int], None],
    should_stop: Callable[[], bool],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    count, size = len(jobs), preprocess.size
    image = np.lib.format.open_memmap(folder / "image.npy", "w+", np.uint8, (count, size, size, 3))
    mask = np.lib.format.open_memmap(folder / "mask.npy", "w+", np.uint8, (count, size, size))
    coarse = np.zeros((count, COARSE, COARSE), np.uint8)
    content = np.zeros((count, 2), np.float32)
    seen = ((np.arange(COARSE) + 0.5) * size / COARSE).astype(int)

    def decode(index: int) -> None:
        entry, annotation = jobs[index]
        pixels = images.read(Path(entry.instance.image))
        height, width = pixels.shape[:2]
        image[index] = preprocess.apply(pixels)
        mask[index] = preprocess.apply_mask(class_mask(annotation, height, width))
        coarse[index] = mask[index][np.ix_(seen, seen)]
        placement = preprocess.place(height, width)
        content[index] = height * placement.scale_y, width * placement.scale_x

    for done, _ in enumerate(pool.map(decode, range(count)), start=1):
        progress(done, count)
        if should_stop():
            pool.shutdown(cancel_futures=True)
            raise Stopped("Stopped while the images were being read; nothing was trained.")
    image.flush()
    mask.flush()
    np.save(folder / "coarse.npy", coarse)
    # Written last: its presence says that the others are whole.
    np.save(folder / "content.part.npy", content)
    (folder / "content.part.npy").replace(folder / "content.npy")


def _digest(
    entries: Sequence[Taught], annotations: Sequence[Annotation], digests: Sequence[str], preprocess: Preprocess
) -> str:
    record = [
        [e.instance.id, digest, e.outlined, e.lesion, e.status, a.image_height, a.image_width]
        + [[s.label, s.shape_type, s.points, s.mask] for s in a.shapes]
        for e, a, digest in zip(entries, annotations, digests, strict=True)
    ]
    text = json.dumps([_LAYOUT, preprocess.to_dict(), record], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _last_admitted(ordered: Sequence[Patient], share: float) -> Sequence[Patient]:
    """The last ``share`` of these patients, fewer where it would part patients of one admission date."""
    cut = len(ordered) - round(share * len(ordered))
    while 0 < cut < len(ordered) and _same_day(ordered[cut - 1], ordered[cut]):
        cut += 1
    return ordered[cut:]


def _same_day(a: Patient, b: Patient) -> bool:
    return bool(a.admission_date) and a.admission_date == b.admission_date


def _threads() -> int:
    return min(8, os.cpu_count() or 1)
