"""The journals of a project: every edit of every image, kept for crash recovery and for undo after a restart.

Each image has a file of its own, only ever appended to, in the language of `journal_lines`. It is read when its image
is first shown; opening a project reads none but those of images whose newest edits never reached their LabelMe file
(an empty-handed look at the ``.unsaved`` marks in the folder).

What is safe when: when `Journal.push` returns, the line is with the operating system (write(2)), so that it survives
the end of this process however it comes about. A power cut spares what `sync` has put on the disk, which the window
asks for in the background right after each edit.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import re
import shutil
from contextlib import suppress
from pathlib import Path

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import BadFile
from aln_desk.domain.history import Step
from aln_desk.domain.patient import Instance
from aln_desk.io import atomic, journal_lines
from aln_desk.io.journal_lines import Replay

FOLDER = "journal"
_SUFFIX = ".jsonl"
_MARK = ".unsaved"
_READ_ONLY = (errno.EACCES, errno.EPERM, errno.EROFS)
_OFTEN = 1000
"""Lines that no undo can reach (abandoned redos, walks to and fro) until a journal is rewritten without them."""


class Journals:
    """All journals of a project: in ``folder``, or in ``spare`` where that may not be written to."""

    def __init__(self, project: Path, spare: Path) -> None:
        """``project`` is the project's folder, whose own ``journal`` folder is used; ``spare`` need not exist."""
        self._project = project
        self._folder, self._spare = project / FOLDER, spare

    def open(self, instance: Instance, compact: bool = True) -> Journal:
        """The journal of an image's annotation file, read as far as it can be read; it need not exist yet.

        Where both folders have one, the longer is the newer: the one in ``spare`` began as a copy. ``compact``: one
        that consists mostly of lines nobody needs may be rewritten; no undo step is ever dropped.
        """
        key = (instance.id, self._inside(instance.annotation))
        main, spare = (folder / (_name(*key) + _SUFFIX) for folder in (self._folder, self._spare))
        journal = Journal(key, main if _size(main) >= _size(spare) else spare, spare)
        if compact and journal.path == main:
            journal.compact()
        return journal

    def unsaved(self) -> list[tuple[str, Path | None]]:
        """(instance id, annotation file) of the images whose newest edits may not have reached their LabelMe file; the
        file where it lies in the project's folder, else None.
        """
        marks = [mark for folder in (self._folder, self._spare) for mark in sorted(folder.glob("*" + _MARK))]
        found = dict.fromkeys(key for mark in marks if (key := _marked(mark)) is not None)
        return [(image, self._project / inside if inside else None) for image, inside in found]

    def _inside(self, annotation: str) -> str:
        """The annotation's path within the project, which tells the files of several readers apart; else empty."""
        path = Path(annotation)
        return path.relative_to(self._project).as_posix() if path.is_relative_to(self._project) else ""


class Journal:
    """The journal of one image, read and appended to by one thread.

    ``found`` is what it said when it was opened. A line that cannot be written (`failure` says why) is kept in memory
    and written with the next one that can.
    """

    def __init__(self, key: tuple[str, str], path: Path, spare: Path) -> None:
        self._key = key
        self.path = path
        self.failure = ""
        self._spare = spare
        self._unwritten = b""
        self._marked = False
        self._prepared: tuple[Annotation, bytes] | None = None
        self._open(path.read_bytes() if _size(path) >= 0 else b"")

    @property
    def state_number(self) -> int:
        """The number of the line that made the newest state."""
        return self._state

    def push(self, before: Annotation, step: Step) -> int:
        """Keep an edit of the annotation ``before``; returns the number of its line."""
        if self._number == 0:
            self._append(self._first_line(before))
        self._mark()
        return self._state_line(journal_lines.pushed(self._number, before, step))

    def move(self, at: int) -> int:
        """Keep an undo, redo or jump to the step at a place; returns the number of its line."""
        self._mark()
        return self._state_line(journal_lines.moved(self._number, at))

    def save(self, number: int) -> None:
        """Keep that the LabelMe file holds the state of that line now."""
        if not 0 <= number < self._number:
            return
        self._append(journal_lines.saved(self._number, number))
        self.write()
        if number == self._state and not self._unwritten:
            self.unmark()

    def unmark(self) -> None:
        """Nothing is unsaved: the next start need not look here."""
        self._marked = False
        with suppress(OSError):
            self.path.with_suffix(_MARK).unlink(missing_ok=True)

    def write(self) -> None:
        """Try once more what could not be written; `failure` is empty when all is."""
        try:
            self._write()
        except OSError as error:
            if error.errno in _READ_ONLY and self.path != self._spare:
                self._move_to_spare()
            else:
                self.failure = f"{self.path}: {error.strerror or error}"

    def compact(self) -> None:
        """Rewrite it without the lines that no undo can reach, where they are most of it and nothing is unsaved."""
        found = self.found
        needless = found.lines - len(found.history or ())
        if found.history is None or found.complaint or not found.clean or needless < max(_OFTEN, len(found.history)):
            return
        data = journal_lines.rewritten(self._key[0], found.history)
        with suppress(BadFile):
            atomic.write_bytes(self.path, data)
            self._open(data)

    def _open(self, data: bytes) -> None:
        self.found: Replay = journal_lines.replay(data)
        self._number = self.found.lines
        self._state = max(self.found.on_disk, default=0)
        self._length, self._size = self.found.length, len(data)

    def first_line(self, opened: Annotation) -> tuple[Annotation, bytes]:
        """What `prepare` takes, made on any thread: the first line of a journal that does not exist yet."""
        return opened, journal_lines.begin(self._key[0], Step(opened))

    def prepare(self, line: tuple[Annotation, bytes]) -> None:
        """Have the first line at hand: with thousands of shapes it takes longer to make than an edit may take."""
        self._prepared = line

    def _first_line(self, opened: Annotation) -> bytes:
        prepared, self._prepared = self._prepared, None
        if prepared is not None and prepared[0] is opened:
            return prepared[1]
        return self.first_line(opened)[1]

    def _state_line(self, line: bytes) -> int:
        self._state = self._number
        self._append(line)
        self.write()
        return self._state

    def _append(self, line: bytes) -> None:
        self._unwritten += line
        self._number += 1

    def _mark(self) -> None:
        """Before the first line that the LabelMe file lacks, so that the next start finds it."""
        if self._marked:
            return
        with suppress(OSError):
            self.path.parent.mkdir(exist_ok=True)
            self.path.with_suffix(_MARK).write_text(json.dumps(self._key), encoding="ascii")
            self._marked = True

    def _write(self) -> None:
        """Raises OSError; the file then ends with a whole line, or is cut to one before the next."""
        if not self._unwritten:
            return
        file = self._opened()
        try:
            self._cut(file)
            self._add(file)
        finally:
            os.close(file)
        self._length = self._size = self._length + len(self._unwritten)
        self._unwritten, self.failure = b"", ""

    def _opened(self) -> int:
        """Few calls: each lets another thread go first, and the window waits."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0)
        try:
            return os.open(self.path, flags, 0o666)
        except FileNotFoundError:
            self.path.parent.mkdir(exist_ok=True)
            return os.open(self.path, flags, 0o666)

    def _cut(self, file: int) -> None:
        """Take away what is no whole line, keeping a copy where it is more than one torn line."""
        if os.fstat(file).st_size != self._size:
            raise OSError(errno.EBUSY, "another window of ALN Desk writes to the journal of this image")
        if self._size > self._length:
            if self.found.complaint and not self.found.torn:
                shutil.copyfile(self.path, _free_name(self.path))
            os.ftruncate(file, self._length)

    def _add(self, file: int) -> None:
        rest = memoryview(self._unwritten)
        try:
            while rest:
                rest = rest[os.write(file, rest) :]
        except OSError:
            self._size = os.fstat(file).st_size  # what is torn now is ours to cut
            raise

    def _move_to_spare(self) -> None:
        try:
            self._spare.parent.mkdir(parents=True, exist_ok=True)
            if self._length:
                shutil.copyfile(self.path, self._spare)
            self.path, self._size, self._marked = self._spare, max(_size(self._spare), 0), False
            self._mark()
            self._write()
        except OSError as error:
            self.failure = f"{self.path}: {error.strerror or error}"


def sync(path: Path) -> None:
    """Put a journal and its name on the disk (fsync); what is not there or cannot be is passed over."""
    with suppress(OSError), path.open("rb+") as file:
        os.fsync(file.fileno())
    atomic.sync_folder(path.parent)


def same_content(one: Annotation, other: Annotation) -> bool:
    """Whether two annotations say the same of the image; path, size and version are the file's own business."""
    first, second = ((a.shapes, dict(a.flags), a.image_data, dict(a.extra)) for a in (one, other))
    return first == second


def _name(image: str, inside: str) -> str:
    """A file name for an annotation: readable, and its own on every system."""
    readable = re.sub(r"[^A-Za-z0-9._-]+", "_", image)[:60]
    return f"{readable}-{hashlib.sha256(json.dumps([image, inside]).encode()).hexdigest()[:12]}"


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return -1


def _marked(path: Path) -> tuple[str, str] | None:
    try:
        image, inside = json.loads(path.read_bytes())
        return str(image), str(inside)
    except (OSError, ValueError, TypeError):
        return None


def _free_name(path: Path) -> Path:
    number = 1
    while (aside := path.with_name(f"{path.name}.bad-{number}")).exists():
        number += 1
    return aside
