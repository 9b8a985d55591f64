from __future__ import annotations

import hashlib
import struct
import zlib
from io import BytesIO
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aln_desk.domain.errors import BadFile, MissingFile
from aln_desk.io import images
from aln_desk.io.image_header import header_size

FORMATS = (".png", ".jpg", ".bmp", ".tiff")
PIXELS = np.arange(6 * 10 * 3, dtype=np.uint8).reshape(6, 10, 3)


def encoded(suffix: str, pixels: np.ndarray = PIXELS) -> bytes:
    return cv2.imencode(suffix, pixels)[1].tobytes()


def exif(orientation: int, order: str = ">") -> bytes:
    """A TIFF directory that holds the orientation only."""
    magic = b"MM\0*" if order == ">" else b"II*\0"
    return magic + struct.pack(order + "IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)


def turned(suffix: str, orientation: int, order: str = ">") -> bytes:
    """An image file of 6 rows and 10 columns with that EXIF orientation."""
    data = encoded(suffix)
    if suffix == ".jpg":
        segment = b"Exif\0\0" + exif(orientation, order)
        return data[:2] + b"\xff\xe1" + struct.pack(">H", len(segment) + 2) + segment + data[2:]
    chunk = b"eXIf" + exif(orientation, order)
    whole = struct.pack(">I", len(chunk) - 4) + chunk + struct.pack(">I", zlib.crc32(chunk))
    return data[:33] + whole + data[33:]


def test_colours_come_back_as_rgb(tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", PIXELS)
    assert np.array_equal(images.read(tmp_path / "a.png"), PIXELS)


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_lossless_formats_agree(tmp_path: Path, suffix: str) -> None:
    (tmp_path / f"a{suffix}").write_bytes(encoded(suffix, PIXELS[..., ::-1]))
    assert np.array_equal(images.read(tmp_path / f"a{suffix}"), PIXELS)


def test_a_non_ascii_path_is_read(tmp_path: Path) -> None:
    images.write_png(tmp_path / "淋巴结 ü.png", PIXELS)
    assert images.read(tmp_path / "淋巴结 ü.png").shape == (*images.size(tmp_path / "淋巴结 ü.png"), 3)


def test_grey_gets_three_channels(tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", PIXELS[..., 0])
    assert np.array_equal(images.read(tmp_path / "a.png"), np.repeat(PIXELS[..., :1], 3, axis=2))


def test_alpha_is_dropped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".png", np.dstack([PIXELS[..., ::-1], PIXELS[..., 0]])))
    assert np.array_equal(images.read(tmp_path / "a.png"), PIXELS)


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
def test_sixteen_bits_become_eight(tmp_path: Path, suffix: str) -> None:
    deep = np.linspace(0, 65535, 60).astype(np.uint16).reshape(6, 10)
    (tmp_path / f"a{suffix}").write_bytes(encoded(suffix, deep))
    assert np.array_equal(images.read(tmp_path / f"a{suffix}")[..., 0], deep >> 8)


def test_a_bool_mask_is_written_black_and_white(tmp_path: Path) -> None:
    images.write_png(tmp_path / "a.png", PIXELS[..., 0] > 80)
    assert np.array_equal(images.read(tmp_path / "a.png")[..., 1], (PIXELS[..., 0] > 80) * 255)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_size_and_read_agree_on_exif(tmp_path: Path, suffix: str, orientation: int, order: str) -> None:
    path = tmp_path / f"a{suffix}"
    path.write_bytes(turned(suffix, orientation, order))
    assert images.size(path) == ((10, 6) if orientation >= 5 else (6, 10))
    assert images.read(path).shape[:2] == images.size(path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 700), (301, 2)])
def test_size_needs_the_header_only(suffix: str, shape: tuple[int, int]) -> None:
    assert header_size(BytesIO(encoded(suffix, np.zeros((*shape, 3), np.uint8)))) == shape


def test_a_bitmap_stored_from_the_top_has_a_positive_height() -> None:
    data = bytearray(encoded(".bmp"))
    data[22:26] = struct.pack("<i", -6)
    assert header_size(BytesIO(bytes(data))) == (6, 10)


def test_a_progressive_jpeg_is_measured() -> None:
    data = cv2.imencode(".jpg", PIXELS, [cv2.IMWRITE_JPEG_PROGRESSIVE, 1])[1].tobytes()
    assert header_size(BytesIO(data)) == (6, 10)


def test_an_unusual_header_is_decoded(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(encoded(".webp"))
    assert header_size(BytesIO((tmp_path / "a.png").read_bytes())) is None
    assert images.size(tmp_path / "a.png") == (6, 10)


@given(st.sampled_from(FORMATS), st.integers(0, 400), st.binary(max_size=8))
def test_damaged_headers_give_a_size_or_none(suffix: str, place: int, damage: bytes) -> None:
    data = encoded(suffix)
    found = header_size(BytesIO(data[:place] + damage + data[place + len(damage) :]))
    assert found is None or min(found) > 0


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.binary(max_size=64))
def test_any_bytes_are_refused_by_name(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.png").write_bytes(data)
    with pytest.raises(BadFile, match=r"a\.png: cannot be read as an image"):
        images.read(tmp_path / "a.png")


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tiff"])
def test_a_file_cut_short_is_refused(tmp_path: Path, suffix: str) -> None:
    data = encoded(suffix)
    (tmp_path / "a").write_bytes(data[: len(data) * 3 // 4])
    with pytest.raises(BadFile):
        images.read(tmp_path / "a")


@pytest.mark.parametrize("ask", [images.read, images.size, images.digest])
def test_what_is_no_file_is_named(tmp_path: Path, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(MissingFile, match=r"none\.png"):
        ask(tmp_path / "none.png")
    for wrong in (tmp_path, tmp_path / "\0"):
        with pytest.raises(BadFile):
            ask(wrong)


def test_images_are_found_in_natural_order(tmp_path: Path) -> None:
    names = ["b/1.png", "10.PNG", "2.jpeg", "1.tif", "a.bmp", "P10/x.jpg", "P2/x.tiff", "01.tif"]
    ignored = ["notes.txt", ".hidden.png", ".cache/x.png", "x.json", "P2/.git/y.png", "png"]
    for name in names + ignored:
        (tmp_path / name).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in images.find(tmp_path)]
    assert found == ["01.tif", "1.tif", "2.jpeg", "10.PNG", "a.bmp", "b/1.png", "P2/x.tiff", "P10/x.jpg"]


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(MissingFile, match="none"):
        images.find(tmp_path / "none")


def test_the_digest_is_that_of_the_bytes(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"abc")
    assert images.digest(tmp_path / "a") == hashlib.sha256(b"abc").hexdigest()[:16]
