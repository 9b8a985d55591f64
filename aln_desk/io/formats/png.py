"""PNGs whose pixels are class numbers, with a palette that makes them visible (PASCAL VOC), which OpenCV cannot write
and reads as colours only. After the W3C's PNG specification, third edition."""

from __future__ import annotations

import struct
import zlib

import cv2
import numpy as np
from numpy.typing import NDArray

_MAGIC = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3


def grey(pixels: NDArray[np.uint8] | NDArray[np.bool_]) -> bytes:
    """An 8-bit grey PNG of (H, W) values; True becomes 255."""
    values = pixels.astype(np.uint8) * 255 if pixels.dtype == np.bool_ else pixels
    return bytes(cv2.imencode(".png", np.ascontiguousarray(values))[1].tobytes())


def indexed(pixels: NDArray[np.uint8]) -> bytes:
    """An 8-bit PNG of (H, W) class numbers with VOC's colours: 0 black, 1 dark red, 2 dark green ..."""
    height, width = pixels.shape
    rows = np.zeros((height, width + 1), np.uint8)  # each row begins with its filter: none
    rows[:, 1:] = pixels
    header = struct.pack(">IIBBBBB", width, height, 8, _PALETTE, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", _colours()), (b"IDAT", zlib.compress(rows.tobytes(), 6)), (b"IEND", b""))
    return _MAGIC + b"".join(_chunk(kind, data) for kind, data in parts)


def numbers(data: bytes) -> NDArray[np.uint8]:
    """(H, W) uint8 values of a PNG of one channel, for one with a palette the places in it.

    Raises ValueError for anything else. Check the size in its header first: this takes the memory that it asks for.
    """
    scale = 1
    if (depth := _palette_depth(data)) is not None:
        data, scale = _as_grey(data), 255 // (2**depth - 1)
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        pixels = None
    if pixels is None:
        raise ValueError("cannot be read as an image")
    if (
        pixels.ndim == 3
        and np.array_equal(pixels[..., 0], pixels[..., 1])
        and np.array_equal(pixels[..., 0], pixels[..., 2])
    ):
        pixels = pixels[..., 0]  # grey that was saved as colour
    if pixels.ndim != 2 or pixels.dtype != np.uint8:
        raise ValueError("is not a picture of one channel of 8 bits")
    return np.asarray(pixels // scale, np.uint8)


def _palette_depth(data: bytes) -> int | None:
    """Bits a pixel of a PNG with a palette, None for anything else."""
    if len(data) < 33 or data[:8] != _MAGIC or data[12:16] != b"IHDR" or data[25] != _PALETTE:
        return None
    return data[24] if data[24] in (1, 2, 4, 8) else None


def _as_grey(data: bytes) -> bytes:
    """The same PNG told to be grey, so that its numbers are left as they are, but for the stretch to 8 bits."""
    made, place = [_MAGIC], 8
    while place + 12 <= len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        if kind == b"IHDR":
            content = content[:9] + bytes([_GREY]) + content[10:]
        if kind not in (b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"iCCP", b"cHRM", b"sBIT", b"bKGD", b"hIST"):
            made.append(_chunk(kind, content))
        place += 12 + length
    return b"".join(made)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _colours() -> bytes:
    """VOC's 256 colours: the bits of the number dealt out to red, green and blue, the lowest to the highest."""
    colours = bytearray()
    for number in range(256):
        for channel in range(3):
            colours.append(sum((number >> 3 * bit + channel & 1) << 7 - bit for bit in range(3)))
    return bytes(colours)
