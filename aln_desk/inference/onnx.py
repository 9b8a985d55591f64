"""Stage 1 on the CPU by OpenVINO: exported to ONNX once for each model, then kept in the user's cache folder.

OpenVINO computes the same in fp32 1.7 times as fast as ONNX Runtime. A file is named by the model's digest; beside it
stands what it has to be (format, version, its own SHA-256), so that one that is damaged or of another version is made
anew. The exporter is torch's tracing one: it takes two seconds where the newer one takes ten, for the same graph once
it is optimised.
"""

from __future__ import annotations

import hashlib
import queue
import shutil
import sys
import warnings
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from aln_desk import __version__, paths
from aln_desk.domain.errors import AlnError
from aln_desk.io import atomic
from aln_desk.models import looks
from aln_desk.models.build import LoadedModel, StageOne
from aln_desk.models.preprocess import Preprocess
from aln_desk.models.reading_images import Found

FORMAT = 2
"""Version of what is exported; another one is exported anew."""

TOLERANCE = 1e-3
"""How far any output may lie from torch's; a network that lies further is not used."""

KEPT = 6
"""How many exported models the cache holds; the longest unused one goes first."""

_OUTPUTS = ("mask_logits", "lesion_logit", "status_logit", "cam", "token")


class NotExported(AlnError):
    """The network cannot be brought to OpenVINO; torch can still compute it."""


class OnnxNetwork:
    """Stage 1 by OpenVINO, image by image, each by all ``threads``.

    A second caller may decode its image and bring the last one's findings into shape while the first one computes.
    """

    batch = 1
    callers = 2

    def __init__(self, exported: bytes, threads: int) -> None:
        # Its converters, which nobody here calls, would report their use: nothing here opens a connection.
        sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
        import openvino

        options = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads,
            "ENABLE_CPU_PINNING": False,  # the system knows better which core is free
        }
        core = openvino.Core()
        compiled = core.compile_model(core.read_model(exported), "CPU", options)
        self._requests: queue.SimpleQueue[openvino.InferRequest] = queue.SimpleQueue()
        for _ in range(self.callers):
            self._requests.put(compiled.create_infer_request())

    def outputs(self, square: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """All of `MtlOutput`, in its order, of one (1, S, S, 3) uint8 image."""
        request = self._requests.get()
        try:
            found = request.infer({0: square})
            return [np.array(found[at]) for at in range(len(_OUTPUTS))]
        finally:
            self._requests.put(request)

    def __call__(self, squares: NDArray[np.uint8]) -> list[Found]:
        return [self._found(squares[at : at + 1]) for at in range(len(squares))]

    def _found(self, square: NDArray[np.uint8]) -> Found:
        mask, lesion, status, cam, token = self.outputs(square)
        return Found(mask[0].max(axis=0), float(lesion[0]), float(status[0]), cam[0], token[0])


def open_network(model: LoadedModel, threads: int) -> OnnxNetwork:
    """The model's stage 1 from the cache, exported into it when it is not there.

    Raises `NotExported` where the exporter or OpenVINO does not know one of the network's operations, or computes
    something else than torch does.
    """
    file = cached_file(model)
    if (exported := _read(file)) is not None:
        return _opened(exported, threads)
    exported = export(model.mtl, model.preprocess)
    network = _opened(exported, threads)
    _compare(network, model)
    _keep(file, exported)
    return network


def cached_file(model: LoadedModel) -> Path:
    """Where the exported network of this model is kept; it need not exist."""
    return paths.user_cache() / "onnx" / model.digest / "mtl.onnx"


def export(net: StageOne, preprocess: Preprocess) -> bytes:
    """An ONNX model: ``square`` (1, S, S, 3) uint8 RGB -> the outputs of `MtlOutput` by name, float32.

    Raises `NotExported` where the exporter does not know one of the network's operations.
    """
    size = preprocess.size
    square = torch.zeros((1, size, size, 3), dtype=torch.uint8)
    names = ["square", *_OUTPUTS]
    with TemporaryDirectory() as folder, warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")
        file = Path(folder) / "mtl.onnx"
        try:
            torch.onnx.export(
                _FromSquare(net, preprocess).eval(),
                (square,),
                file,
                input_names=names[:1],
                output_names=names[1:],
                opset_version=20,
                dynamo=False,
            )
        except Exception as error:  # whatever an exporter meets: torch computes the network all the same
            raise NotExported(f"The network cannot be exported ({_first_line(error)}).") from error
        return file.read_bytes()


class _FromSquare(nn.Module):
    """Normalisation and stage 1 in one graph."""

    def __init__(self, net: StageOne, preprocess: Preprocess) -> None:
        super().__init__()
        self.net, self._preprocess = net, preprocess

    def forward(self, square: Tensor) -> tuple[Tensor, ...]:
        output = looks.read(self.net, self._preprocess.normalise(square.permute(0, 3, 1, 2)))
        return tuple(getattr(output, name) for name in _OUTPUTS)


def _opened(exported: bytes, threads: int) -> OnnxNetwork:
    try:
        return OnnxNetwork(exported, threads)
    except Exception as error:  # its errors have no common class
        raise NotExported(f"OpenVINO does not take the network ({_first_line(error)}).") from error


def _compare(network: OnnxNetwork, model: LoadedModel) -> None:
    """Raise `NotExported` unless every output on an image of noise is torch's."""
    size = model.preprocess.size
    square = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), np.uint8)
    with torch.inference_mode():
        expected = _FromSquare(model.mtl, model.preprocess)(torch.from_numpy(square))
    for name, ours, theirs in zip(_OUTPUTS, network.outputs(square), expected, strict=True):
        if not np.allclose(ours, theirs.numpy(), rtol=0, atol=TOLERANCE):
            raise NotExported(f"The exported network differs from the model in '{name}'.")


def _read(file: Path) -> bytes | None:
    """The cached network; None where it is absent, damaged or of another version."""
    try:
        exported, stamp = file.read_bytes(), _stamp_of(file).read_text(encoding="utf-8")
        file.parent.touch()  # used just now
    except (OSError, UnicodeDecodeError):
        return None
    return exported if stamp == _stamp(exported) else None


def _keep(file: Path, exported: bytes) -> None:
    """Put an exported network into the cache, as far as the disk allows: without it, it is exported again."""
    with suppress(AlnError, OSError):
        file.parent.mkdir(parents=True, exist_ok=True)
        atomic.write_bytes(file, exported)
        atomic.write_text(_stamp_of(file), _stamp(exported))
        by_use = sorted(file.parent.parent.iterdir(), key=lambda folder: folder.stat().st_mtime, reverse=True)
        for unused in by_use[KEPT:]:
            shutil.rmtree(unused)


def _stamp_of(file: Path) -> Path:
    return file.with_suffix(".stamp")


def _stamp(exported: bytes) -> str:
    return f"{FORMAT} {__version__} {hashlib.sha256(exported).hexdigest()}\n"


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
