"""What is being trained and what comes next: one training at a time, by this window's child or found under way."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.messages import Message, Started
from aln_desk.gui.run_follower import RunFollower
from aln_desk.gui.training_process import TrainingProcess
from aln_desk.gui.training_queue import Order, TrainingQueue
from aln_desk.gui.training_wish import Wish
from aln_desk.io.runs import Run, read_run

_NOT_LEFT = "The training could not be started in the background. It stopped and can be resumed here."


class Trainer(QObject):
    """``message`` tells the training under way; ``ended(run, ok, sentence)`` its end (``run`` None: it never began).

    ``changed``: another run, or its state, is under way. ``left(ok, sentence)``: what `leave` asked for is done.
    """

    message = Signal(object)
    changed = Signal()
    ended = Signal(object, bool, str)
    left = Signal(bool, str)

    def __init__(
        self,
        queue: TrainingQueue,
        process: TrainingProcess | None = None,
        follower: RunFollower | None = None,
        parent: QObject | None = None,
    ) -> None:
        super().__init__(parent)
        self.queue = queue
        queue.setParent(self)
        self._process = process or TrainingProcess(self)
        self._follower = follower or RunFollower(self)
        self._order: Order | None = None
        self._runs: Path | None = None
        self.live: Run | None = None
        self.stopping = False
        self.leaving = False
        for source in (self._process, self._follower):
            source.message.connect(self._hear)
            source.finished.connect(self._end)
        self._follower.found.connect(self._find)

    @property
    def running(self) -> bool:
        """Whether a training is under way, in whichever process."""
        return self._process.running or self._follower.following

    @property
    def owned(self) -> bool:
        """Whether it is this window's child, which closing would end."""
        return self._process.running

    @property
    def several(self) -> bool:
        """Whether it is this window's own and does several runs, one after another."""
        return self._order is not None and bool(self._order.wish.folds or self._order.wish.seeds)

    def open(self, project: Path | None, runs: Path | None) -> None:
        """Look for a training under way in this project's folder of runs, and bring back what waits there.

        A training of another project goes on if it is this window's own, and is followed no longer if not.
        """
        self._runs = runs
        if self._follower.following:
            self.live = None
            self.queue.rest(True)
        if project is not None:
            self.queue.open(project)
        self._follower.watch(None if self._process.running else runs)
        self.changed.emit()

    def request(self, project: Path, wish: Wish) -> None:
        """Start a training, or let it wait while another is under way."""
        order = Order(project, wish)
        self.queue.tell("")
        if self.running:
            self.queue.add(order)
        else:
            self._start(order)

    def go_on(self) -> None:
        """Let a queue that rests go on."""
        self.queue.tell("")
        self.queue.rest(False)
        self._next()

    def stop(self) -> None:
        """Ask the training under way to end; what waits then rests."""
        if not self.running or self.stopping:
            return
        self.stopping = True
        self.queue.rest(True)
        if self._process.running:
            self._process.stop()
        else:
            self._follower.stop()
        self.changed.emit()

    def leave(self) -> None:
        """Hand this window's own training to a process that outlives the window, at an exact checkpoint."""
        if self._process.running and not self.leaving:
            self.leaving = self.stopping = True
            self._process.stop()
            self.changed.emit()

    def shutdown(self) -> None:
        """End this window's own training and wait until it is gone; one that is followed goes on, what waits rests."""
        self.queue.rest(True)
        self._follower.watch(None)
        self._process.shutdown()

    def _start(self, order: Order) -> None:
        self._order, self.live, self.stopping = order, None, False
        self._follower.watch(None)
        self._process.start(order.project, order.wish)
        self.changed.emit()

    def _next(self) -> None:
        if not self.running and (order := self.queue.take()) is not None:
            self._start(order)

    def _find(self, run: Run) -> None:
        self.live, self.stopping = run, False
        self.changed.emit()

    def _hear(self, message: Message) -> None:
        if isinstance(message, Started):
            self.live = Run(message.run, Path(message.folder), message.preset, state="running")
            self.changed.emit()
        self.message.emit(message)

    def _end(self, ok: bool, sentence: str) -> None:
        live, self.live, order, self._order = self.live, None, self._order, None
        leaving, self.leaving, self.stopping = self.leaving, False, False
        self._follower.watch(self._runs)
        if not ok:
            named = f"{_name(order, live)}: {sentence}"
            if self.queue.orders:
                self.queue.tell(named)
            sentence = sentence if live else named  # it made no run, and what is on screen is another one
        self.changed.emit()
        self.ended.emit(live, ok, sentence)
        if leaving:
            self._hand_over(live, order, ok, sentence)
        else:
            QTimer.singleShot(0, self, self._next)  # not from within the end of the child that made room

    def _hand_over(self, live: Run | None, order: Order | None, ok: bool, sentence: str) -> None:
        """Go on with the run in the background, unless it reached its end or failed before it could stop."""
        state = read_run(live.folder).state if live else "stopped" if ok else "failed"
        self.queue.rest(True)
        if live is None or order is None or state in ("finished", "failed"):
            self.left.emit(state != "failed", sentence)
        elif self._process.go_on_in_background(order.project, live.folder, order.wish.device):
            self.left.emit(True, "")
        else:
            self.left.emit(False, _NOT_LEFT)


def _name(order: Order | None, live: Run | None) -> str:
    return order.wish.title if order else live.name if live else "The training"
