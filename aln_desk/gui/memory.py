"""What the window remembers: the settings in force, and each change of them on disk."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

from PySide6.QtCore import QObject, Signal

from aln_desk import settings
from aln_desk.settings import Settings


class Memory(QObject):
    """Holds the `Settings` in force; ``failed`` tells once that they cannot be kept."""

    failed = Signal(str)

    def __init__(self, remembered: Settings, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.settings = remembered
        self._told = False

    def keep(self, changed: Settings) -> None:
        """Put changed settings in force and on disk; a disk that refuses them does not stop the work."""
        self.settings = changed
        try:
            settings.save(changed)
        except OSError as error:
            if not self._told:
                self._told = True
                self.failed.emit(f"{settings.file()}: the settings cannot be kept ({error.strerror}).")

    def keep_opened(self, folder: Path) -> None:
        """This project is the newest of the recent ones."""
        self.keep(self.settings.with_recent(folder, date.today().isoformat()))

    def keep_project(self, folder: Path, state: Mapping[str, Any]) -> None:
        """Where a project was left; what else is kept of it stays."""
        self.keep(self.settings.with_project_state(folder, {**self.settings.project_state(folder), **state}))

    def queue(self, folder: Path) -> list[Any]:
        """What `keep_queue` was given, as far as the settings file still has it."""
        kept = self.settings.project_state(folder).get("queue")
        return list(kept) if isinstance(kept, list | tuple) else []

    def keep_queue(self, folder: Path, records: list[dict[str, Any]]) -> None:
        """The trainings that wait in a project, as JSON values."""
        self.keep_project(folder, {"queue": records})

    def keep_keys(self, keys: Mapping[str, str]) -> None:
        """The keys the user changed."""
        self.keep(replace(self.settings, keys=dict(keys)))

    def keep_theme(self, name: str) -> None:
        """The theme in use."""
        self.keep(replace(self.settings, theme=name))

    def keep_window(self, geometry: str, panels: Mapping[str, Mapping[str, Any]]) -> None:
        """Place of the window and state of the pages that were shown."""
        window = self.settings.window
        kept = replace(window, geometry=geometry, panels={**window.panels, **panels})
        self.keep(replace(self.settings, window=kept))
