"""The engine: a child process that owns the networks. Requests on stdin, answers on stdout, one JSON object a line.

It ends when its stdin closes, so a window that dies leaves nothing behind. One project is read at a time; a new
`Predict` takes the place of the current one, `Prefer` brings a patient to the front, `Cancel` stops and keeps what
was read. Help with outlines (`AssistRequest`) waits while a project is read: a window that wants both at once starts
two engines.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import (
    AssistRequest,
    Cancel,
    Failed,
    Finished,
    Message,
    Predict,
    Prefer,
    Started,
    from_line,
)
from aln_desk.inference.assist import Assistant
from aln_desk.inference.clinical_reading import is_clinical, read_clinical
from aln_desk.inference.reading import ProjectReader, model_folder
from aln_desk.inference.session import Session
from aln_desk.io import checkpoint
from aln_desk.io.project import Project


class Engine:
    """Answers messages from ``inbox`` (None: the other side is gone) until it closes."""

    def __init__(self, emit: Callable[[Message], None]) -> None:
        self._emit = emit
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._assistant = Assistant(emit)
        self._opened: tuple[tuple[str, str, str], Session] | None = None

    def serve(self, lines: Iterable[str]) -> None:
        """Read requests from ``lines`` in a thread of their own, and work until they end."""
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
        request = self._next()
        while request is not None:
            request = self._read(request) if isinstance(request, Predict) else self._next()

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            message = from_line(line)
            if message is not None:
                self._inbox.put(message)
        self._inbox.put(None)

    def _next(self) -> Message | None:
        """The next message that is not for the assistant, who works until it comes."""
        while True:
            try:
                message = self._inbox.get(timeout=self._assistant.patience)
            except queue.Empty:
                self._assistant.step()
                continue
            if not isinstance(message, AssistRequest):
                return message
            self._assistant.receive(message)

    def _read(self, request: Predict) -> Message | None:
        """Serve one `Predict`; give the message that comes after it."""
        try:
            with Project.open(Path(request.project)) as project:
                folder = model_folder(project, request.model)
                if is_clinical(folder):
                    return self._read_clinical(project, folder)
                session = self._session(folder, request.device)
                self._emit(Started(session.model.name, str(project.folder), str(session.model.device)))
                follower, stopped = self._work(ProjectReader(project, session, self._emit))
                self._emit(Finished(digest=session.model.digest, stopped=stopped))
        except (AlnError, RuntimeError, MemoryError) as error:
            # RuntimeError is how torch reports a device that is out of memory: the window must hear of it.
            self._emit(Failed(str(error) or "The engine ran out of memory. Close other programs and try again."))
            return self._next()
        return follower if stopped else self._next()

    def _work(self, reader: ProjectReader) -> tuple[Message | None, bool]:
        """Read bag after bag; stop for `Cancel`, a new `Predict` or the end of stdin. Gives (that message, stopped)."""
        going_on = True
        while going_on:
            while not self._inbox.empty():  # before the first bag too: who is on screen comes first
                message = self._inbox.get()
                if isinstance(message, Prefer):
                    reader.prefer(message.patient)
                elif message is None or isinstance(message, Cancel | Predict):
                    reader.finish()
                    return message, True
                elif isinstance(message, AssistRequest):
                    self._assistant.receive(message)
            going_on = reader.step()
        reader.finish()
        return None, False

    def _read_clinical(self, project: Project, folder: Path) -> Message | None:
        """Serve a `Predict` by a model without networks, which takes no time; give the message that comes after it."""
        manifest = checkpoint.read_manifest(folder)
        self._emit(Started(str(manifest.get("name", folder.name)), str(project.folder), "cpu"))
        read_clinical(project, folder, self._emit)
        self._emit(Finished(digest=str(manifest["digest"])))
        return self._next()

    def _session(self, folder: Path, device: str) -> Session:
        """The last one where folder, content and device are the same."""
        key = (str(folder.resolve()), str(checkpoint.read_manifest(folder).get("digest")), device)
        if self._opened is None or self._opened[0] != key:
            if self._opened is not None:
                self._opened[1].close()
                self._opened = None
            self._opened = (key, Session.open(folder, device, emit=self._emit))
        return self._opened[1]
