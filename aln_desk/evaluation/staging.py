"""Files that take their places in a folder when all of them are whole, so that a failure or a stop leaves it as it was.

Files of others in the folder stay.
"""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path

from aln_desk.domain.errors import BadFile

MANIFEST = "manifest.json"
"""Names the files that were put into a folder; it is the last to take its place."""
_STAGE = ".aln-"


@contextmanager
def staged(out: Path, kept: Sequence[Path], meanwhile: AbstractContextManager[None]) -> Iterator[Path]:
    """A folder to write into, whose files then, ``meanwhile``, take their places in ``out``; nothing of it stays where
    that fails. Of an older publication's files those ``kept`` stay.
    """
    stage = out / f"{_STAGE}{secrets.token_hex(8)}"
    had = out.exists()
    try:
        try:
            stage.mkdir(parents=True)
        except OSError as error:
            raise _refused(out, error) from error
        yield stage
        with meanwhile:
            _replace(stage, out, [name for name in published(out) if name not in kept])
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not had:
            with suppress(OSError):  # it holds what was published
                out.rmdir()


def _replace(stage: Path, out: Path, old: Sequence[Path]) -> None:
    """Move every file of the stage to its place and remove those ``old`` ones that have no successor.

    The manifest goes last. Where a file cannot be replaced, those before it are put back.
    """
    fresh = sorted(
        (path.relative_to(stage) for path in stage.rglob("*") if path.is_file()), key=lambda name: str(name) == MANIFEST
    )
    kept = stage / ".old"
    done: list[Path] = []
    stale = [name for name in old if name not in set(fresh)]
    try:
        for name in [*stale, *fresh]:
            done.append(name)
            if (out / name).is_file():
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).replace(kept / name)
            if name not in stale:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).replace(out / name)
    except OSError as error:
        _put_back(done, kept, out)
        raise _refused(out, error) from error


def _put_back(names: Sequence[Path], kept: Path, out: Path) -> None:
    for name in reversed(names):
        with suppress(OSError):
            if (kept / name).is_file():
                (kept / name).replace(out / name)
            else:
                (out / name).unlink(missing_ok=True)


def published(out: Path) -> list[Path]:
    """Files that an older publication says it wrote, as paths within ``out``; none without its manifest."""
    try:
        record = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        names = [Path(str(name)) for name in (*record["files"], *record.get("earlier", ()))]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [name for name in names if not name.is_absolute() and ".." not in name.parts]


def _refused(out: Path, error: OSError) -> BadFile:
    what = f"the results cannot be written ({error.strerror or error})"
    named = [name for name in (error.filename2, error.filename) if name and _STAGE not in str(name)]
    return BadFile(
        named[0] if named else out, what, "Close programs that use it, or choose another folder; it is unchanged"
    )
