"""Image files in and out: finding, reading, measuring and naming them by content.

Files are opened by Python and decoded from memory, because OpenCV's own file functions fail on non-ASCII paths
under Windows.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.domain.order import NaturalKey, natural_key
from aln_desk.io.atomic import write_bytes
from aln_desk.io.image_header import header_size

IMAGE_SUFFIXES = (".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff")


def find(folder: str | Path) -> list[Path]:
    """Every image under ``folder``, in natural order (``2`` before ``10``), a folder's own before its sub-folders'.

    Chosen by suffix in any case (`IMAGE_SUFFIXES`); hidden files and folders (``.name``) are passed over, links to
    folders are not followed. Raises `MissingFile` if ``folder`` is not a folder.
    """
    if not Path(folder).is_dir():
        raise MissingFile(folder, "there is no such folder", "Choose another one")
    found: list[Path] = []
    for place, folders, files in os.walk(folder):
        folders[:] = sorted((name for name in folders if not name.startswith(".")), key=_order)
        here = Path(place)
        found += [here / name for name in sorted(files, key=_order) if _is_image(name)]
    return found


def read(path: str | Path) -> NDArray[np.uint8]:
    """(H, W, 3) uint8 RGB with EXIF rotation applied.

    Grey images get three equal channels, alpha is dropped, 16-bit values keep their high byte. Raises `MissingFile`
    or `BadFile` (damaged, cut short, floating-point pixels, not an image).
    """
    data = np.frombuffer(_content(path), np.uint8)
    try:
        bgr = cv2.imdecode(data, cv2.IMREAD_COLOR)
    except cv2.error:  # an empty file, or more pixels than OpenCV accepts
        bgr = None
    if bgr is None:
        raise BadFile(path, "cannot be read as an image, it is damaged or of another format", "Export it again")
    rgb: NDArray[np.uint8] = cv2.cvtColor(bgr, cv2.COLOR_BGR2RGB)
    return rgb


def size(path: str | Path) -> tuple[int, int]:
    """(height, width) in pixels as `read` would give them, from the file's header wherever that suffices.

    A file with a sound header but damaged pixels has a size here and fails in `read`. Raises as `read` does.
    """
    try:
        with Path(path).open("rb") as file:
            found = header_size(file)
    except (OSError, ValueError) as error:  # ValueError: a name that no file can bear
        raise _unreadable(path, error) from error
    if found:
        return found
    height, width, _channels = read(path).shape
    return height, width


def write_png(path: str | Path, array: NDArray[Any]) -> None:
    """Write (H, W) bool, uint8 or uint16, or (H, W, 3) RGB of uint8 or uint16, as PNG; True becomes 255."""
    pixels = array.astype(np.uint8) * 255 if array.dtype == np.bool_ else array
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
    _ok, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels))
    write_bytes(path, encoded.tobytes())


def digest(path: str | Path) -> str:
    """The first 16 hex digits of the SHA-256 of the file's bytes: names the image whatever the file is called."""
    return hashlib.sha256(_content(path)).hexdigest()[:16]


def _order(name: str) -> tuple[NaturalKey, str]:
    """Natural order, with the name itself between ``1.png`` and ``01.png``."""
    return natural_key(name), name


def _is_image(name: str) -> bool:
    return not name.startswith(".") and Path(name).suffix.lower() in IMAGE_SUFFIXES


def _content(path: str | Path) -> bytes:
    try:
        return Path(path).read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a name that no file can bear
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: OSError | ValueError) -> BadFile:
    if isinstance(error, FileNotFoundError):
        return MissingFile(path, "there is no such file", "Put it back or remove the image from the project")
    reason = error.strerror if isinstance(error, OSError) else None
    return BadFile(path, f"cannot be opened ({reason or error})", "Check its access rights")
