"""Simulated pictures beside real ones: ``python -m training.phantom.compare --real FOLDER --out DIR``.

Writes ``sheet.png`` (a real picture, a simulated one, and so on) and ``table.csv``, and prints the table: for each
measure the mean of both kinds, their distance, and as a yardstick the distance that two random halves of the real
pictures have (median and 95th percentile of 200 splits). Nothing of the real pictures but the sheet is kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import wasserstein_distance

from aln_desk.domain.errors import AlnError
from aln_desk.io import atomic, images, labelme_json
from training import tables
from training.phantom.images import draw_pictures
from training.phantom.latents import draw_patients
from training.phantom.measures import LEVELS, Grey, Measures, Polygon, measure

_KINDS = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")
_TILE = 320
_COLUMNS = 6
_SPLITS = 200


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """A picture (height, width) and the outlines of its lesions."""

    grey: Grey
    lesions: list[Polygon]


@dataclass(frozen=True, slots=True)
class Row:
    """One measure: the mean of either kind (of the greys for curves), their distance, and that of real halves."""

    measure: str
    unit: str
    real: float
    simulated: float
    distance: float
    real_halves: float
    real_halves_95: float


def read_folder(folder: Path, most: int, seed: int) -> list[Seen]:
    """At most so many pictures of a folder, drawn by ``seed``, with the outlines of LabelMe files beside them."""
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in _KINDS)
    if not paths:
        raise AlnError(f"{folder}: holds no pictures. Name a folder with PNG or JPEG files.")
    chosen = np.random.default_rng(seed).permutation(len(paths))[:most]
    return [_read(paths[number]) for number in sorted(chosen)]


def _read(path: Path) -> Seen:
    sidecar = labelme_json.sidecar(path)
    shapes = labelme_json.read(sidecar).shapes if sidecar.is_file() else ()
    return Seen(images.read(path).max(axis=2), [shape.points for shape in shapes])


def simulated(most: int, seed: int, size: int, height: int) -> list[Seen]:
    """So many simulated pictures, the first patients of a study."""
    return list(islice(_drawn(most, seed, size, height), most))


def _drawn(patients: int, seed: int, size: int, height: int) -> Iterator[Seen]:
    order = np.random.default_rng(seed).permutation(patients)
    drawn = draw_patients(patients, seed)
    for number in order:
        for picture in draw_pictures(drawn[number], size, height):
            yield Seen(picture.grey, [picture.outline])


def table(real: Sequence[Measures], other: Sequence[Measures], seed: int) -> list[Row]:
    """Distances between both kinds: of scalar measures the Wasserstein distance of their distributions, of the mean
    histogram that of the greys, of the mean spectrum and depth curve the root mean square of the difference.
    """
    rng = np.random.default_rng(seed)
    kinds = (real, other)
    return [
        _row(rng, name, unit, of, real, other)
        for name, unit, of in _MEASURES
        if min(len(_values(name, measures)) for measures in kinds) > 1
    ]


Distance = Callable[[NDArray[np.float64], NDArray[np.float64]], float]


def _row(
    rng: np.random.Generator, name: str, unit: str, of: Distance, real: Sequence[Measures], other: Sequence[Measures]
) -> Row:
    first, second = (_values(name, measures) for measures in (real, other))
    splits = [rng.permutation(len(first)) for _ in range(_SPLITS)]
    half = len(first) // 2
    apart = [of(first[order[:half]], first[order[half:]]) for order in splits]
    centre = _mean_grey if name == "histogram" else np.mean
    return Row(
        name,
        unit,
        float(centre(first)),
        float(centre(second)),
        of(first, second),
        float(np.median(apart)),
        float(np.quantile(apart, 0.95)),
    )


def _values(name: str, measures: Sequence[Measures]) -> NDArray[np.float64]:
    values = np.array([getattr(one, name) for one in measures], dtype=float)
    return values[~np.isnan(values)] if values.ndim == 1 else values


def _grey_levels() -> NDArray[np.float64]:
    return (np.arange(LEVELS) + 0.5) * 256 / LEVELS


def _mean_grey(histograms: NDArray[np.float64]) -> float:
    return float(histograms.mean(axis=0) @ _grey_levels())


def _histograms_apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    levels = _grey_levels()
    return float(wasserstein_distance(levels, levels, first.mean(axis=0), second.mean(axis=0)))


def _curves_apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(np.square(first.mean(axis=0) - second.mean(axis=0)))))


def _numbers_apart(first: NDArray[np.float64], second: NDArray[np.float64]) -> float:
    return float(wasserstein_distance(first, second))


_MEASURES: tuple[tuple[str, str, Distance], ...] = (
    ("histogram", "grey levels", _histograms_apart),
    ("depth", "grey levels", _curves_apart),
    ("along", "pixels", _numbers_apart),
    ("across", "pixels", _numbers_apart),
    ("slope", "dB a decade", _numbers_apart),
    ("spectrum", "dB", _curves_apart),
    ("contrast", "grey levels", _numbers_apart),
)


def sheet(real: Sequence[Seen], other: Sequence[Seen]) -> Grey:
    """Pictures side by side, real and simulated in turns, in rows of `_COLUMNS`."""
    pairs = list(zip(real, other, strict=False))
    tiles = [_tile(seen.grey) for pair in pairs for seen in pair]
    tiles = tiles[: len(tiles) // _COLUMNS * _COLUMNS]
    return np.vstack([np.hstack(tiles[start : start + _COLUMNS]) for start in range(0, len(tiles), _COLUMNS)])


def _tile(grey: Grey) -> Grey:
    scale = (_TILE - 4) / max(grey.shape)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    tile = np.full((_TILE, _TILE), 70, np.uint8)
    tile[2 : 2 + small.shape[0], 2 : 2 + small.shape[1]] = small
    return tile


def write(out: Path, rows: Sequence[Row], picture: Grey) -> None:
    """``table.csv`` and ``sheet.png`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    images.write_png(out / "sheet.png", picture)
    columns = [column.name for column in fields(Row)]
    atomic.write_text(out / "table.csv", tables.to_csv(columns, map(astuple, rows)))


def _print(rows: Sequence[Row]) -> None:
    print(f"{'measure':<10} {'real':>8} {'simulated':>10} {'distance':>9} {'real halves (95 %)':>20}  unit")
    for row in rows:
        halves = f"{row.real_halves:.2f} ({row.real_halves_95:.2f})"
        print(
            f"{row.measure:<10} {row.real:>8.2f} {row.simulated:>10.2f} {row.distance:>9.2f} {halves:>20}  {row.unit}"
        )


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw or read the simulated images, measure both sides, and write the table and the sheet to ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m training.phantom.compare", description=__doc__)
    parser.add_argument("--real", type=Path, required=True, help="folder of real images, searched whole")
    parser.add_argument("--out", type=Path, required=True, help="folder for sheet.png and table.csv")
    parser.add_argument("--simulated", type=Path, help="folder of simulated images instead of drawing some")
    parser.add_argument("--images", type=int, default=200, help="at most so many of either kind")
    parser.add_argument("--size", type=int, default=512, help="width of the drawn pictures")
    parser.add_argument("--height", type=int, default=430, help="their height; real ones are mostly flat")
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args(arguments)
    real = read_folder(asked.real, asked.images, asked.seed)
    other = (
        read_folder(asked.simulated, asked.images, asked.seed)
        if asked.simulated
        else simulated(asked.images, asked.seed, asked.size, asked.height)
    )
    first, second = ([measure(seen.grey, seen.lesions) for seen in kind] for kind in (real, other))
    rows = table(first, second, asked.seed)
    order = np.random.default_rng(asked.seed).permutation(min(len(real), len(other)))[:18]
    write(asked.out, rows, sheet([real[number] for number in order], [other[number] for number in order]))
    _print(rows)


if __name__ == "__main__":
    main()
