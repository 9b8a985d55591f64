"""Where ALN Desk's own files lie. Nothing here creates a folder; whoever writes does.

The environment variable ``ALN_DESK_HOME`` puts data, configuration and cache into one folder of choice (a portable
installation, a test).
"""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "aln-desk"
_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """Folder of the icons and the embedded model: inside an installed package, or the checkout's own."""
    installed = _PACKAGE / "resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def embedded_model() -> Path:
    """Folder of the model that comes with the software."""
    return resources() / "model"


def user_data() -> Path:
    """Folder for what the software makes for this user (the demonstration project)."""
    return _home() or Path(platformdirs.user_data_dir(_NAME, appauthor=False))


def user_config() -> Path:
    """Folder of this user's settings."""
    return _home() or Path(platformdirs.user_config_dir(_NAME, appauthor=False))


def user_cache() -> Path:
    """Folder of what can be made again and may be deleted at any time."""
    home = _home()
    return home / "cache" if home else Path(platformdirs.user_cache_dir(_NAME, appauthor=False))


def demo_project() -> Path:
    """Folder of the demonstration project; it need not exist yet."""
    return user_data() / "demonstration"


def _home() -> Path | None:
    home = os.environ.get("ALN_DESK_HOME", "").strip()
    return Path(home).expanduser().absolute() if home else None
