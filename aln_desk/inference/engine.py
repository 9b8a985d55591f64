"""The engine: a child process that owns the networks. Requests on stdin, answers on stdout, one JSON object a line.

It ends when its stdin closes, so a window that dies leaves nothing behind. One project is read at a time; a new
`Predict` takes the place of the current one, `Prefer` brings a patient to the front, `Cancel` stops and keeps what
was read.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterable
from pathlib import Path

from aln_desk.domain.errors import AlnError
from aln_desk.domain.messages import Cancel, Failed, Finished, Message, Predict, Prefer, Started, from_line
from aln_desk.inference.reading import ProjectReader, model_folder
from aln_desk.io.project import Project
from aln_desk.models.build import LoadedModel, choose_device, load_model


class Engine:
    """Answers messages from ``inbox`` (None: the other side is gone) until it closes."""

    def __init__(self, emit: Callable[[Message], None]) -> None:
        self._emit = emit
        self._inbox: queue.Queue[Message | None] = queue.Queue()
        self._loaded: tuple[str, str, LoadedModel] | None = None

    def serve(self, lines: Iterable[str]) -> None:
        """Read requests from ``lines`` in a thread of their own, and work until they end."""
        threading.Thread(target=self._listen, args=(lines,), daemon=True).start()
        request: Message | None = self._inbox.get()
        while request is not None:
            request = self._read(request) if isinstance(request, Predict) else self._inbox.get()

    def _listen(self, lines: Iterable[str]) -> None:
        for line in lines:
            message = from_line(line)
            if message is not None:
                self._inbox.put(message)
        self._inbox.put(None)

    def _read(self, request: Predict) -> Message | None:
        """Serve one `Predict`; give the message that comes after it."""
        try:
            with Project.open(Path(request.project)) as project:
                model = self._model(model_folder(project, request.model), request.device)
                self._emit(Started(model.name, str(project.folder), str(model.device)))
                follower, stopped = self._work(ProjectReader(project, model, self._emit))
                self._emit(Finished(digest=model.digest, stopped=stopped))
        except (AlnError, RuntimeError, MemoryError) as error:
            # RuntimeError is how torch reports a device that is out of memory: the window must hear of it.
            self._emit(Failed(str(error) or "The engine ran out of memory. Close other programs and try again."))
            return self._inbox.get()
        return follower if stopped else self._inbox.get()

    def _work(self, reader: ProjectReader) -> tuple[Message | None, bool]:
        """Read bag after bag; stop for `Cancel`, a new `Predict` or the end of stdin. Gives (that message, stopped)."""
        while reader.step():
            while not self._inbox.empty():
                message = self._inbox.get()
                if isinstance(message, Prefer):
                    reader.prefer(message.patient)
                elif message is None or isinstance(message, Cancel | Predict):
                    reader.finish()
                    return message, True
        reader.finish()
        return None, False

    def _model(self, folder: Path, device: str) -> LoadedModel:
        key = (str(folder.resolve()), device)
        if self._loaded is None or self._loaded[:2] != key:
            self._loaded = (*key, load_model(folder, choose_device(device)))
        return self._loaded[2]
