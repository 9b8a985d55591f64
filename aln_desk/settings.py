"""What the window remembers between two starts: plain data in one JSON file.

Reading never fails: a value of the wrong kind falls back to its default, and a file that is no JSON at all is
moved beside itself as ``settings.json.bad``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from aln_desk import paths
from aln_desk.io import atomic

THEMES = ("reading", "light")
_RECENT_KEPT = 12


@dataclass(frozen=True, slots=True)
class RecentProject:
    """A project folder (absolute) and the ISO date ``YYYY-MM-DD`` it was last opened."""

    path: str
    opened: str = ""


@dataclass(frozen=True, slots=True)
class WindowState:
    """The window as it was left.

    ``geometry`` is Qt's own record in base64, empty before the first close; ``mode`` the page's name;
    ``panels`` maps a page's name to what its ``save_state()`` gave.
    """

    geometry: str = ""
    mode: str = ""
    panels: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settings:
    """Immutable; the ``with_...`` methods give a changed copy.

    ``recent`` newest first. ``theme`` is one of `THEMES`. ``keys`` maps an action's id to the key the user
    gave it. ``projects`` maps an absolute project folder to its view state (patient, instance, overlays ...).
    """

    recent: tuple[RecentProject, ...] = ()
    theme: str = THEMES[0]
    keys: Mapping[str, str] = field(default_factory=dict)
    window: WindowState = field(default_factory=WindowState)
    projects: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def with_recent(self, folder: str | Path, opened: str) -> Settings:
        """This project first in the list, once; the oldest fall off the end with their view state."""
        name = str(folder)
        others = [project for project in self.recent if project.path != name]
        recent = (RecentProject(name, opened), *others)[:_RECENT_KEPT]
        kept = {project.path for project in recent}
        states = {path: state for path, state in self.projects.items() if path in kept}
        return replace(self, recent=recent, projects=states)

    def without_recent(self, folder: str | Path) -> Settings:
        """This project neither listed nor remembered."""
        name = str(folder)
        recent = tuple(project for project in self.recent if project.path != name)
        states = {path: state for path, state in self.projects.items() if path != name}
        return replace(self, recent=recent, projects=states)

    def project_state(self, folder: str | Path) -> Mapping[str, Any]:
        """View state of a project, empty when it was never left."""
        return self.projects.get(str(folder), {})

    def with_project_state(self, folder: str | Path, state: Mapping[str, Any]) -> Settings:
        """The view state of one project replaced; ``state`` must be JSON values."""
        return replace(self, projects={**self.projects, str(folder): dict(state)})

    def with_key(self, action: str, key: str) -> Settings:
        """One action bound to another key (``""``: to none)."""
        return replace(self, keys={**self.keys, action: key})


def file() -> Path:
    """The settings file of this user."""
    return paths.user_config() / "settings.json"


def load() -> Settings:
    """The saved settings; defaults when there are none, or none that can be read."""
    path = file()
    try:
        return from_json(json.loads(path.read_text(encoding="utf-8")))
    except OSError:
        return Settings()
    except (ValueError, RecursionError):
        _set_aside(path)
        return Settings()


def save(settings: Settings) -> None:
    """Write the settings atomically. Raises OSError when the folder cannot be written."""
    path = file()
    path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_text(path, json.dumps(asdict(settings), ensure_ascii=False, indent=1) + "\n")


def from_json(value: Any) -> Settings:
    """Settings of any JSON value: what fits is taken, everything else keeps its default. Never raises."""
    record = _mapping(value)
    window = _mapping(record.get("window"))
    return Settings(
        recent=_recent(record.get("recent")),
        theme=_one_of(record.get("theme"), THEMES),
        keys={action: key for action, key in _mapping(record.get("keys")).items() if isinstance(key, str)},
        window=WindowState(
            geometry=_text(window.get("geometry")),
            mode=_text(window.get("mode")),
            panels=_mappings(window.get("panels")),
        ),
        projects=_mappings(record.get("projects")),
    )


def _set_aside(path: Path) -> None:
    try:
        path.replace(path.with_name(path.name + ".bad"))
    except OSError:
        return  # a folder we may not write: the defaults still serve


def _recent(value: Any) -> tuple[RecentProject, ...]:
    records = [_mapping(entry) for entry in value] if isinstance(value, list) else []
    found = {
        path: RecentProject(path, _text(record.get("opened")))
        for record in reversed(records)
        if (path := _text(record.get("path")))
    }
    return tuple(reversed(found.values()))[:_RECENT_KEPT]


def _one_of(value: Any, allowed: tuple[str, ...]) -> str:
    return value if isinstance(value, str) and value in allowed else allowed[0]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _mappings(value: Any) -> dict[str, dict[str, Any]]:
    return {key: inner for key, inner in _mapping(value).items() if isinstance(inner, dict)}
