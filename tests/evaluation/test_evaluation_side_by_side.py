"""Works side by side give what they give one after the other, and nobody is left at work when somebody stops."""

from __future__ import annotations

import os
import signal
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from aln_desk.evaluation.side_by_side import processors, side_by_side

forked = pytest.mark.skipif(sys.platform != "linux", reason="copies of a process are made on Linux alone")


def number_and_process(place: int) -> tuple[int, int]:
    time.sleep(0.05 * (place == 0))  # the first is not the first to end
    return place, os.getpid()


@pytest.mark.parametrize("processes", [1, 2, 8])
def test_results_come_in_the_order_of_the_works(processes: int) -> None:
    found = list(side_by_side([partial(number_and_process, place) for place in range(5)], processes))
    assert [place for place, _ in found] == [0, 1, 2, 3, 4]
    here = processes == 1 or sys.platform != "linux"
    assert {process for _, process in found} == {os.getpid()} if here else os.getpid() not in dict(found).values()


def test_a_single_work_needs_no_copy() -> None:
    assert list(side_by_side([os.getpid], 4)) == [os.getpid()]
    assert list(side_by_side([], 4)) == []


@forked
def test_what_a_copy_changes_stays_there_and_its_files_stay_here(tmp_path: Path) -> None:
    kept: list[int] = []

    def work(place: int) -> None:
        kept.append(place)
        (tmp_path / str(place)).touch()

    assert list(side_by_side([partial(work, place) for place in range(3)], 2)) == [None] * 3
    assert kept == [] and len(list(tmp_path.iterdir())) == 3


@forked
def test_large_results_come_whole() -> None:
    works = [partial(bytes, 3_000_000), partial(bytes, 5)]
    assert [len(one) for one in side_by_side(works, 2)] == [3_000_000, 5]


@forked
@pytest.mark.parametrize("end", [lambda: 1 / 0, lambda: os.kill(os.getpid(), signal.SIGKILL), lambda: lambda: None])
def test_a_work_that_fails_in_a_copy_is_done_again_here(end: object) -> None:
    """It fails, its copy is killed, or its result cannot be sent."""
    here = os.getpid()

    def work() -> str:
        assert callable(end)
        return "done here" if os.getpid() == here else end()

    assert list(side_by_side([work, work], 2)) == ["done here"] * 2


@pytest.mark.parametrize("processes", [1, 2])
def test_the_error_of_a_work_is_its_own(processes: int) -> None:
    with pytest.raises(ZeroDivisionError):
        list(side_by_side([lambda: 1 / 0, lambda: 1], processes))


@forked
def test_a_stop_ends_the_copies_at_work(tmp_path: Path) -> None:
    def work() -> None:
        (tmp_path / str(os.getpid())).touch()
        time.sleep(60)

    def go_on() -> None:
        if len(list(tmp_path.iterdir())) == 2:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        list(side_by_side([work] * 3, 2, go_on))
    for name in tmp_path.iterdir():
        with pytest.raises(ProcessLookupError):
            os.kill(int(name.name), 0)


def test_there_is_a_processor_and_not_too_many_are_used() -> None:
    assert 1 <= processors() <= 8
