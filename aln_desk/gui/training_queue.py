"""The trainings that wait their turn, kept with their project so that closing the window loses none."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QObject, Signal

from aln_desk.gui.memory import Memory
from aln_desk.gui.training_wish import Wish


@dataclass(frozen=True, slots=True)
class Order:
    """A training that waits: of which project, and what is asked."""

    project: Path
    wish: Wish


class TrainingQueue(QObject):
    """First in, first out. While it ``rests`` nothing is taken from it until it is told to go on."""

    changed = Signal()

    def __init__(self, memory: Memory | None = None, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._memory = memory
        self.orders: tuple[Order, ...] = ()
        self.rests = False
        self.trouble = ""

    def open(self, project: Path) -> None:
        """Bring back what waited when this project was last closed; it rests until the user lets it go on."""
        if self._memory is None or any(order.project == project for order in self.orders):
            return
        wishes = [Wish.from_dict(record) for record in self._memory.queue(project)]
        kept = tuple(Order(project, wish) for wish in wishes if wish is not None)
        if kept:
            self.rests = True
            self._put((*self.orders, *kept))

    def add(self, order: Order) -> None:
        """Put a training at the end."""
        self._put((*self.orders, order))

    def remove(self, place: int) -> None:
        """Take a training out; a place that is none is passed over."""
        self._put((*self.orders[:place], *self.orders[place + 1 :]))

    def move(self, place: int, by: int) -> None:
        """Move a training up (-1) or down (1), as far as the list goes."""
        target = place + by
        if 0 <= place < len(self.orders) and 0 <= target < len(self.orders):
            orders = list(self.orders)
            orders.insert(target, orders.pop(place))
            self._put(tuple(orders))

    def take(self) -> Order | None:
        """The next training, no longer waiting; None when there is none or the queue rests."""
        if self.rests or not self.orders:
            return None
        first = self.orders[0]
        self._put(self.orders[1:])
        return first

    def rest(self, resting: bool) -> None:
        """Hold the queue, or let it go on; an empty one has nothing to hold."""
        self.rests = resting and bool(self.orders)
        self.changed.emit()

    def tell(self, trouble: str) -> None:
        """Keep a sentence about a training that could not be done; an empty one takes it back."""
        self.trouble = trouble
        self.changed.emit()

    def _put(self, orders: tuple[Order, ...]) -> None:
        projects = {order.project for order in (*self.orders, *orders)}
        self.orders = orders
        self.rests = self.rests and bool(orders)
        for project in projects if self._memory is not None else ():
            assert self._memory is not None
            self._memory.keep_queue(project, [o.wish.to_dict() for o in orders if o.project == project])
        self.changed.emit()
