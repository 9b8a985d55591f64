"""Width and height from the first bytes of an image file, without decoding a pixel.

Formats: PNG (W3C PNG third edition: IHDR, eXIf), JPEG (ITU-T T.81 annex B markers, Exif in APP1), BMP (Windows
BITMAPINFOHEADER and later) and classic TIFF 6.0. Whatever is unusual gives None: decoding then has the last word.
"""

from __future__ import annotations

import struct
from io import BytesIO
from typing import Any, BinaryIO

_TIFF_ORDER = {b"II*\0": "<", b"MM\0*": ">"}
_WIDTH, _HEIGHT, _ORIENTATION = 256, 257, 274
_WHOLE = {3: "H", 4: "I"}
_STANDALONE = {0x01, *range(0xD0, 0xD8)}
_FRAME = {*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC}
_APP1, _SCAN = 0xE1, 0xDA


def header_size(file: BinaryIO) -> tuple[int, int] | None:
    """(height, width) in pixels after EXIF rotation of the seekable image ``file``, or None if it must be decoded."""
    start = file.read(8)
    measure = next((measure for magic, measure in _FORMATS.items() if start.startswith(magic)), None)
    try:
        found = measure(file) if measure else None
    except (struct.error, KeyError):
        return None
    return found if found and min(found) > 0 else None


def _png(file: BinaryIO) -> tuple[int, int]:
    file.seek(16)
    width, height = _unpack(file, ">II")
    file.seek(8)
    while True:
        length, kind = _unpack(file, ">I4s")
        if kind == b"eXIf":
            return _rotated(height, width, BytesIO(file.read(length)))
        if kind == b"IEND":
            return height, width
        file.seek(length + 4, 1)


def _jpeg(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(2)
    found: tuple[int, int] | None = None
    exif = BytesIO()
    while True:
        (marker,) = _unpack(file, ">xB")
        while marker == 0xFF:
            (marker,) = _unpack(file, "B")
        if marker in _STANDALONE:
            continue
        if marker == _SCAN:
            return _rotated(*found, exif) if found else None
        (length,) = _unpack(file, ">H")
        segment = file.read(length - 2) if length >= 2 else b""
        if marker in _FRAME:
            height, width = struct.unpack_from(">xHH", segment)
            found = height, width
        elif marker == _APP1 and segment.startswith(b"Exif\0\0"):
            exif = BytesIO(segment[6:])


def _bmp(file: BinaryIO) -> tuple[int, int] | None:
    file.seek(14)
    header_length, width, height = _unpack(file, "<Iii")
    return (abs(height), width) if header_length >= 40 else None


def _tiff(file: BinaryIO) -> tuple[int, int]:
    tags = _tags(file)
    return _turned(tags[_HEIGHT], tags[_WIDTH], tags.get(_ORIENTATION, 1))


def _rotated(height: int, width: int, exif: BinaryIO) -> tuple[int, int]:
    """The size after the rotation that Exif data (itself a TIFF file) asks for; damaged Exif asks for none."""
    try:
        return _turned(height, width, _tags(exif).get(_ORIENTATION, 1))
    except (struct.error, KeyError):
        return height, width


def _turned(height: int, width: int, orientation: int) -> tuple[int, int]:
    """Orientations 5 to 8 lie on their side."""
    return (width, height) if 5 <= orientation <= 8 else (height, width)


def _tags(file: BinaryIO) -> dict[int, int]:
    """The whole-number entries of a TIFF's first directory."""
    file.seek(0)
    order = _TIFF_ORDER[file.read(4)]
    (offset,) = _unpack(file, order + "I")
    file.seek(offset)
    (count,) = _unpack(file, order + "H")
    tags = {}
    for _ in range(count):
        tag, kind, _number, value = _unpack(file, order + "HHI4s")
        if kind in _WHOLE:
            (tags[tag],) = struct.unpack_from(order + _WHOLE[kind], value)
    return tags


def _unpack(file: BinaryIO, layout: str) -> tuple[Any, ...]:
    return struct.unpack(layout, file.read(struct.calcsize(layout)))


_FORMATS = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8": _jpeg,
    b"BM": _bmp,
    **dict.fromkeys(_TIFF_ORDER, _tiff),
}
