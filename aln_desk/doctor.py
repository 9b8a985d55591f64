"""What a person who helps another over the telephone needs to know about this installation."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from aln_desk import __version__, paths
from aln_desk.domain.errors import AlnError

PACKAGES = (
    "numpy",
    "scipy",
    "opencv-python-headless",
    "h5py",
    "shapely",
    "safetensors",
    "torch",
    "torchvision",
    "timm",
    "segment-anything",
    "PySide6-Essentials",
    "pyqtgraph",
)


def report() -> str:
    """Versions, device, embedded model and folders, a line each. Opens no connection; never raises for a part."""
    lines = [
        ("ALN Desk", __version__),
        ("Python", f"{platform.python_version()} ({sys.executable})"),
        ("System", platform.platform()),
        *((name, _version(name)) for name in PACKAGES),
        ("Device", _device()),
        ("Embedded model", _model()),
        ("Resources", str(paths.resources())),
        ("Settings", str(paths.user_config())),
        ("Demonstration", str(paths.demo_project())),
    ]
    return "\n".join(f"{name:24} {value}" for name, value in lines)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _device() -> str:
    import torch

    from aln_desk.models.build import choose_device

    device = choose_device("auto")
    if device.type == "cuda":
        return f"cuda: {torch.cuda.get_device_name(device)}"
    return f"{device.type}, {torch.get_num_threads()} threads"


def _model() -> str:
    from aln_desk.io.checkpoint import read_manifest, verify

    folder = paths.embedded_model()
    try:
        verify(folder)
        manifest = read_manifest(folder)
    except AlnError as error:
        return str(error)
    return f"{manifest['name']} ({manifest['digest']}) in {folder}"
