"""The system's dialogs for folders and files; each begins where it was last left in this session."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtWidgets import QFileDialog, QWidget

_last: dict[str, Path] = {}
"""The folder last chosen, by the dialog's title."""


def choose_folder(parent: QWidget, title: str, start: str = "") -> Path | None:
    """A folder that exists, None when the user thinks better of it. ``start`` goes before the one remembered."""
    chosen = QFileDialog.getExistingDirectory(parent, title, start or str(_begin(title)))
    if not chosen:
        return None
    _last[title] = Path(chosen)
    return _last[title]


def choose_file(parent: QWidget, title: str, kinds: str) -> Path | None:
    """A file that exists, None when the user thinks better of it; ``kinds`` in Qt's words."""
    chosen, _ = QFileDialog.getOpenFileName(parent, title, str(_begin(title)), kinds)
    if not chosen:
        return None
    _last[title] = Path(chosen).parent
    return Path(chosen)


def choose_file_to_save(parent: QWidget, title: str, name: str, kinds: str) -> Path | None:
    """Where a file is to be written, ``name`` being the proposal; ``kinds`` in Qt's words. None: not at all."""
    chosen, _ = QFileDialog.getSaveFileName(parent, title, str(_begin(title) / name), kinds)
    if not chosen:
        return None
    _last[title] = Path(chosen).parent
    return Path(chosen)


def _begin(title: str) -> Path:
    last = _last.get(title)
    return last if last is not None and last.is_dir() else Path.home()
