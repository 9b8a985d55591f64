"""The record of training images beside a manifest: compact, its own model's or none, and never half believed."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadModel
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import checkpoint, images, trained_on
from aln_desk.io.trained_on import TRAINED_ON_FILE

RECORD = TrainedOn(frozenset({"0123456789abcdef", "00ff"}), frozenset({"fedcba9876543210"}))
DIGESTS = st.frozensets(st.text("0123456789abcdef", min_size=16, max_size=16), max_size=5)


@given(DIGESTS, DIGESTS)
def test_a_record_comes_back(
    tmp_path_factory: pytest.TempPathFactory, fitted: frozenset[str], held_out: frozenset[str]
) -> None:
    folder = tmp_path_factory.getbasetemp()
    record = TrainedOn(fitted, held_out - fitted)
    entry = trained_on.write(folder, record)
    assert entry["trained_on"]["fitted"] == len(fitted)
    assert trained_on.read(folder, json.loads(json.dumps(entry))) == record


def test_a_model_without_a_record_has_none(tmp_path: Path) -> None:
    trained_on.write(tmp_path, RECORD)
    assert trained_on.write(tmp_path, None) == {}
    assert not (tmp_path / TRAINED_ON_FILE).exists()
    assert trained_on.read(tmp_path, {"name": "older"}) is None


def test_an_image_can_be_looked_up_by_hand(tmp_path: Path) -> None:
    image = tmp_path / "a.png"
    image.write_bytes(b"bytes of an image")
    trained_on.write(tmp_path, TrainedOn(frozenset({images.digest(image)}), frozenset()))
    lines = (tmp_path / TRAINED_ON_FILE).read_text().splitlines()
    assert f'"{hashlib.sha256(image.read_bytes()).hexdigest()[:16]}"' in lines


def test_thousands_of_images_take_little_room(tmp_path: Path) -> None:
    trained_on.write(tmp_path, TrainedOn(frozenset(f"{number:016x}" for number in range(5000)), frozenset()))
    assert (tmp_path / TRAINED_ON_FILE).stat().st_size < 110_000


def test_the_digest_of_the_model_depends_on_the_record(tmp_path: Path) -> None:
    digests = []
    for record in (None, RECORD, TrainedOn(RECORD.fitted, frozenset())):
        checkpoint.write_manifest(tmp_path, {"name": "m", **trained_on.write(tmp_path, record)})
        digests.append(checkpoint.model_digest(tmp_path))
    assert len(set(digests)) == 3


def test_other_line_ends_change_nothing(tmp_path: Path) -> None:
    entry, path = trained_on.write(tmp_path, RECORD), tmp_path / TRAINED_ON_FILE
    path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    assert trained_on.read(tmp_path, entry) == RECORD


@given(st.one_of(st.none(), st.binary(max_size=60), st.recursive(st.none() | st.text(max_size=3), st.lists)))
def test_another_record_is_refused(tmp_path_factory: pytest.TempPathFactory, content: object) -> None:
    folder = tmp_path_factory.getbasetemp() / "refused"
    folder.mkdir(exist_ok=True)
    path = folder / TRAINED_ON_FILE
    entry = trained_on.write(folder, RECORD)
    path.unlink()
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else json.dumps({"fitted": content}).encode())
    with pytest.raises(BadModel, match=r"trained_on\.json"):
        trained_on.read(folder, entry)
    with pytest.raises(BadModel):
        trained_on.read(folder, {"trained_on": content if isinstance(content, str) else 7})


def test_lists_that_are_none_are_refused(tmp_path: Path) -> None:
    entry = trained_on.write(tmp_path, RECORD)
    (tmp_path / TRAINED_ON_FILE).write_text(json.dumps({"fitted": [["a"]], "held_out": []}))
    with pytest.raises(BadModel):
        trained_on.read(tmp_path, entry)
