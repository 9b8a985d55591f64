"""How a project remembers files, so that it survives being moved: alone, or together with its images.

A file inside the project folder is kept relative to it. A file outside is kept twice, absolute and relative;
the absolute path is believed while its folder exists, then the relative one. All with ``/``.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

StoredPath = tuple[str | None, str | None]
"""(absolute, relative to the project folder); absolute is None inside the project, relative across drives."""


def store(path: str | Path, folder: Path) -> StoredPath:
    """What to remember of ``path`` in the project at ``folder`` (resolved).

    Links among the folders above the file are resolved; a file that is itself a link keeps its own name.
    """
    absolute = Path(os.path.realpath(Path(path).parent)) / Path(path).name
    if absolute.is_relative_to(folder):
        return None, absolute.relative_to(folder).as_posix()
    try:
        relative = Path(os.path.relpath(absolute, folder)).as_posix()
    except ValueError:  # another drive on Windows
        return absolute.as_posix(), None
    return absolute.as_posix(), relative


@dataclass(frozen=True, slots=True)
class Locator:
    """Turns stored paths back into absolute ones; asks the disk once a folder, not once a file."""

    folder: Path
    _folders: dict[tuple[str, str], str] = field(default_factory=dict)

    def find(self, absolute: str | None, relative: str | None) -> str:
        """The file's absolute path today; the stored absolute one where neither leads to a folder."""
        if relative is None:
            return os.path.normpath(absolute or "")
        if absolute is None:
            return str(self.folder) + os.sep + relative.replace("/", os.sep)
        stored, _, name = absolute.rpartition("/")
        beside = relative.rpartition("/")[0]
        if (stored, beside) not in self._folders:
            self._folders[stored, beside] = self._folder_today(stored or "/", f"{self.folder.as_posix()}/{beside}")
        return self._folders[stored, beside] + name

    def _folder_today(self, stored: str, beside: str) -> str:
        """The folder that is there, with the separator at its end; the stored one where none is."""
        moved = not Path(stored).is_dir() and Path(beside).is_dir()
        return os.path.join(os.path.normpath(beside if moved else stored), "")  # noqa: PTH118 (its name comes after)
