"""Models on disk: what goes in comes out, and nothing damaged or newer is believed."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadModel
from aln_desk.io import checkpoint


@pytest.fixture
def model(tmp_path: Path) -> Path:
    folder = tmp_path / "modèle 模型"
    checkpoint.save_tensors(folder / checkpoint.MTL_FILE, {"weight": np.arange(6, dtype=np.float32).reshape(2, 3)})
    checkpoint.save_tensors(folder / checkpoint.MIL_FILE, {"bias": np.float16([0.5, -2.0])}, {"made": "here"})
    checkpoint.write_manifest(folder, {"name": "Démo", "threshold": 0.1, "mean": (1, 2, 3)})
    return folder


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.bool_, np.uint8])
def test_tensors_keep_shape_dtype_and_values(tmp_path: Path, dtype: type) -> None:
    written = {
        "scalar": np.array(1, dtype),
        "empty": np.zeros((0, 3), dtype),
        "transposed": np.arange(6).reshape(2, 3).astype(dtype).T,
    }
    checkpoint.save_tensors(tmp_path / "new" / "a.safetensors", written)
    read = checkpoint.load_tensors(tmp_path / "new" / "a.safetensors")
    assert read.keys() == written.keys()
    for name, array in written.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        np.testing.assert_array_equal(read[name], array)


def test_absent_and_damaged_tensors_are_refused(model: Path) -> None:
    with pytest.raises(BadModel, match="cannot be read"):
        checkpoint.load_tensors(model / "none.safetensors")
    path = model / checkpoint.MTL_FILE
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(BadModel, match="damaged"):
        checkpoint.load_tensors(path)


@given(content=st.binary(max_size=64))
def test_any_bytes_as_tensors_raise_nothing_but_bad_model(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.safetensors"
    path.write_bytes(content)
    try:
        checkpoint.load_tensors(path)
    except BadModel as error:
        assert str(path) in str(error)


def test_manifest_comes_back_with_format_and_digest(model: Path) -> None:
    manifest = checkpoint.read_manifest(model)
    assert (manifest["name"], manifest["mean"], manifest["format"]) == ("Démo", [1, 2, 3], checkpoint.FORMAT)
    assert manifest["digest"] == checkpoint.model_digest(model)
    assert len(manifest["digest"]) == 12 and int(manifest["digest"], 16) >= 0
    checkpoint.verify(model)


def test_digest_names_content_not_place_or_key_order(model: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    for name in (checkpoint.MTL_FILE, checkpoint.MIL_FILE):
        checkpoint.save_tensors(other / name, {})
        (other / name).write_bytes((model / name).read_bytes())
    checkpoint.write_manifest(other, {"mean": [1, 2, 3], "threshold": 0.1, "name": "Démo", "digest": "old"})
    assert checkpoint.model_digest(other) == checkpoint.model_digest(model)


def test_a_changed_tensor_or_manifest_is_noticed(model: Path) -> None:
    manifest = checkpoint.read_manifest(model)
    (model / checkpoint.MANIFEST_FILE).write_text(json.dumps({**manifest, "threshold": 0.2}))
    with pytest.raises(BadModel, match="changed"):
        checkpoint.verify(model)
    (model / checkpoint.MANIFEST_FILE).write_text(json.dumps(manifest))
    checkpoint.verify(model)
    checkpoint.save_tensors(model / checkpoint.MIL_FILE, {"bias": np.float16([0.5, -2.5])})
    with pytest.raises(BadModel, match="changed"):
        checkpoint.verify(model)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "damaged"),
        ("\udcff", "damaged"),
        ("[" * 100_000, "damaged"),
        ("[1]", "no model's manifest"),
        ('{"format": "1"}', "no model's manifest"),
        ('{"format": 99}', "newer ALN Desk"),
    ],
)
def test_a_bad_manifest_is_refused_and_left_untouched(model: Path, text: str, sentence: str) -> None:
    path = model / checkpoint.MANIFEST_FILE
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(BadModel, match=sentence):
        checkpoint.read_manifest(model)
    assert path.read_bytes() == text.encode("utf-8", "surrogateescape")


def test_a_folder_without_manifest_is_no_model(tmp_path: Path) -> None:
    with pytest.raises(BadModel, match="no model lies here"):
        checkpoint.verify(tmp_path)
