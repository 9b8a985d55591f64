"""Every error a user may meet. Its text is one sentence a nurse can act on: what, where, what to do."""

from __future__ import annotations

from pathlib import Path


class AlnError(Exception):
    """Base of all expected errors; ``str(error)`` is shown to the user as it stands."""


class BadFile(AlnError):
    """A file exists but cannot be used. It is named and left untouched."""

    def __init__(self, path: str | Path, what: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {what.rstrip('.')}." + (f" {remedy.rstrip('.')}." if remedy else ""))
        self.path = Path(path)


class MissingFile(BadFile):
    """A file or folder that is needed does not exist."""


class BadProject(AlnError):
    """The project cannot do what was asked (no images, no outcomes, no such cohort ...)."""


class BadSetting(AlnError):
    """A preset, option or command line value that does not exist or cannot be parsed."""


class BadModel(AlnError):
    """A model's files are absent, damaged, or do not fit the data they are asked to read."""


class Stopped(AlnError):
    """Work was cancelled on request; what was finished before stays."""
