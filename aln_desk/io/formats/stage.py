"""An export is written beside its place and moved there when all of it is whole; a failure leaves all as it was."""

from __future__ import annotations

import json
import os
import secrets
import shutil
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import AlnError, BadFile, BadProject
from aln_desk.io import atomic


class Stage:
    """Takes an export's files; ``out`` is the folder that they will lie in."""

    def __init__(self, out: Path, folder: Path, originals: Collection[Path]) -> None:
        self.out = out
        self._folder = folder
        self._originals = originals

    def write(self, name: str, data: bytes) -> None:
        """Write the whole of the file that will be ``out/name``.

        Raises `BadProject` where it would take the place of one of the project's own files.
        """
        target = self.out / name
        if Path(os.path.realpath(target)) in self._originals:
            raise BadProject(f"{target} is a file of this project, which is never changed. Choose another folder.")
        path = self._folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    def write_json(self, name: str, record: Any) -> None:
        """Write JSON in ASCII, for programs that read it in the system's encoding; what is no number becomes null."""
        try:
            text = json.dumps(record, allow_nan=False)
        except ValueError:
            text = json.dumps(json.loads(json.dumps(record), parse_constant=lambda _: None))
        self.write(name, text.encode("ascii"))


@contextmanager
def staged(out: Path, originals: Collection[Path], own: Sequence[str] = ()) -> Iterator[Stage]:
    """A stage whose files take their places in ``out`` when the block ends well; nothing of it stays otherwise.

    Files of the same name are replaced. ``originals`` (resolved) are never touched. ``own`` are patterns of files that
    belong to such an export: where one lies in ``out`` that this one does not write, two exports would mix, which
    raises `BadProject`. Raises `BadFile` where the folder cannot be written to.
    """
    had = out.exists()
    folder = out / f".aln-{secrets.token_hex(8)}"
    try:
        folder.mkdir(parents=True)
        yield Stage(out, folder, originals)
        fresh = sorted(path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
        _refuse_mixing(out, {out / name for name in fresh}, own)
        _settle(folder, out, fresh)
    except OSError as error:
        raise BadFile(
            error.filename2 or error.filename or out,
            f"the export cannot be written ({error.strerror or error})",
            "Close programs that use it, or choose another folder; it is unchanged",
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if not had:
            with suppress(OSError):  # it holds the export
                out.rmdir()


def _refuse_mixing(out: Path, fresh: set[Path], own: Sequence[str]) -> None:
    for pattern in own:
        for path in out.glob(pattern):
            if path not in fresh and not any(part.startswith(".aln-") for part in path.relative_to(out).parts):
                raise AlnError(f"{path} is of another export, and the two would mix. Choose an empty folder.")


def _settle(folder: Path, out: Path, fresh: Sequence[Path]) -> None:
    """Move every file to its place; where one cannot be replaced, those before it are put back."""
    kept = folder / ".old"
    done: list[Path] = []
    try:
        for name in fresh:
            done.append(name)
            if (out / name).is_file():
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).replace(kept / name)
            (out / name).parent.mkdir(parents=True, exist_ok=True)
            _sync(folder / name)
            (folder / name).replace(out / name)
    except OSError:
        for name in reversed(done):
            with suppress(OSError):
                if (kept / name).is_file():
                    (kept / name).replace(out / name)
                elif not (folder / name).exists():
                    (out / name).unlink(missing_ok=True)
        raise
    for place in {(out / name).parent for name in fresh}:
        atomic.sync_folder(place)


def _sync(path: Path) -> None:
    with path.open("rb+") as file:
        os.fsync(file.fileno())
