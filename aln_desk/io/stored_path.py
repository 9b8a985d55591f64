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
    _exists: dict[str, bool] = field(default_factory=dict)

    def find(self, absolute: str | None, relative: str | None) -> str:
        """The file's absolute path today; the stored absolute one where neither leads to a folder."""
        if relative is None:
            return os.path.normpath(absolute or "")
        if absolute is None:
            return str(self.folder) + os.sep + relative.replace("/", os.sep)
        if self._has_folder(absolute):
            return os.path.normpath(absolute)
        beside = f"{self.folder.as_posix()}/{relative}"
        return os.path.normpath(beside if self._has_folder(beside) else absolute)

    def _has_folder(self, path: str) -> bool:
        parent = path.rpartition("/")[0] or "/"
        if parent not in self._exists:
            self._exists[parent] = Path(parent).is_dir()
        return self._exists[parent]
