"""What a person who helps another over the telephone needs to know about this installation."""

from __future__ import annotations

import os
import platform
import sys
from importlib.metadata import PackageNotFoundError, version

from aln_desk import __version__, paths
from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import Device

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


def devices() -> list[Device]:
    """Where networks can run on this computer, the fastest first; the processor is always the last."""
    import torch

    cards = [_card(index) for index in range(torch.cuda.device_count())] if torch.cuda.is_available() else []
    apple = [_apple()] if torch.backends.mps.is_available() else []
    return [*cards, *apple, _processor()]


def _card(index: int) -> Device:
    import torch

    free, total = torch.cuda.mem_get_info(index)
    return Device("cuda", torch.cuda.get_device_name(index), total, free)


def _apple() -> Device:
    """Apple's GPU shares the computer's memory, of which Metal recommends a part."""
    import torch

    total = int(torch.mps.recommended_max_memory())
    return Device("mps", "Apple GPU", total, min(total, _processor().memory_free))


def _processor() -> Device:
    import psutil

    memory = psutil.virtual_memory()
    # Not every system says which cores this process may use; all of them are the next best answer.
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Device("cpu", f"Processor · {cores} core{'' if cores == 1 else 's'}", memory.total, memory.available)


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
