from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from json_strategies import records

from aln_desk.domain import edit, progress
from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.progress import Mark, Standing, Status
from aln_desk.domain.shape import Shape

EMPTY = Annotation("a.png", 10, 10)
DRAWN = EMPTY.with_shapes((Shape("tumor", ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0))),))


@pytest.mark.parametrize(
    ("annotation", "status"),
    [
        (EMPTY, Status.TO_DO),
        (DRAWN, Status.DONE),
        (edit.set_flags(EMPTY, {NO_LESION: True}), Status.DONE),
        (edit.set_flags(EMPTY, {progress.NO_VISIBLE_NODE: True}), Status.DONE),
        (edit.set_flags(EMPTY, {progress.NO_VISIBLE_NODE: False}), Status.TO_DO),
        (edit.set_flags(EMPTY, {progress.POOR_QUALITY: True, progress.CALIPERS: True}), Status.TO_DO),
    ],
)
def test_an_outline_says_done_where_nobody_says_otherwise(annotation: Annotation, status: Status) -> None:
    assert progress.mark_of(annotation) == Mark(status)


@pytest.mark.parametrize("status", Status)
def test_what_a_reader_says_counts(status: Status) -> None:
    for annotation in (EMPTY, DRAWN):
        said = progress.with_status(annotation, status, " out of focus ", "AN", "2025-01-01")
        assert progress.mark_of(said) == Mark(status, "out of focus", "AN", "2025-01-01")
        assert progress.with_status(said, status, "out of focus", "AN", "2025-01-01") is said
        assert progress.with_status(said, None) == annotation


def test_a_rejection_needs_a_reason() -> None:
    with pytest.raises(AlnError, match="why"):
        progress.with_status(DRAWN, Status.REJECTED, "  ")


def test_a_note_is_kept_and_taken_away() -> None:
    noted = progress.with_note(DRAWN, "look again")
    assert progress.note_of(noted) == "look again"
    assert progress.with_note(noted, "") == DRAWN
    assert progress.note_of(DRAWN) == ""


@pytest.mark.parametrize("damaged", ["done", 3, {}, {"is": "perfect"}, {"is": ["done"]}, {"is": "done", "reader": 1}])
def test_a_damaged_status_is_ignored_and_told(damaged: object) -> None:
    image = Annotation("a.png", extra={"aln": {"status": damaged, "note": 7}})
    assert progress.mark_of(image) == Mark(Status.TO_DO)
    assert progress.note_of(image) == ""
    assert len(progress.complaints(image)) == 2
    assert progress.with_note(image, "x").extra["aln"] == {"status": damaged, "note": "x"}


@given(records("is", "reason", "reader", "at"), records("is"))
def test_nothing_in_a_file_breaks_the_reading(status: object, note: object) -> None:
    image = Annotation("a.png", extra={"aln": {"status": status, "note": note}})
    assert progress.status_of(image) in Status
    assert isinstance(progress.note_of(image), str)
    assert all(progress.complaints(image))


def test_progress_by_patient_and_by_reader() -> None:
    standings = [
        Standing("A/1", "A", Status.DONE, "AN"),
        Standing("A/2", "A", Status.TO_DO),
        Standing("B/1", "B", Status.REJECTED, "AN"),
        Standing("B/2", "B", Status.NEEDS_REVIEW, "BO"),
    ]
    whole = progress.progress(standings)
    assert (whole.total, whole.finished, whole.of[Status.NEEDS_REVIEW]) == (4, 2, 1)
    patients = progress.by_patient(standings)
    assert {name: (count.finished, count.total) for name, count in patients.items()} == {"A": (1, 2), "B": (1, 2)}
    readers = progress.by_reader(standings)
    assert {name: (count.finished, count.total) for name, count in readers.items()} == {
        "AN": (2, 2),
        "": (0, 1),
        "BO": (0, 1),
    }


def test_how_far_an_image_is() -> None:
    instance = Instance("A/1", "A", View.NODE, "a.png", "a.json")
    said = progress.with_status(DRAWN, Status.NEEDS_REVIEW, reader="AN")
    assert progress.standing(instance, said) == Standing("A/1", "A", Status.NEEDS_REVIEW, "AN")


def test_the_next_image_that_is_wanted() -> None:
    order = ["a", "b", "c", "d"]
    assert progress.next_image(order, {"b", "d"}, "b") == "d"
    assert progress.next_image(order, {"b", "d"}, "d") == "b"
    assert progress.next_image(order, {"b", "d"}, "d", step=-1) == "b"
    assert progress.next_image(order, {"b", "d"}, "a", step=-1) == "d"
    assert progress.next_image(order, {"b"}, "b") == "b"
    assert progress.next_image(order, {"c"}) == "c"
    assert progress.next_image(order, {"c"}, "gone") == "c"
    assert progress.next_image(order, set(), "a") is None
    assert progress.next_image([], {"a"}) is None


@given(st.lists(st.integers(0, 30), unique=True), st.sets(st.integers(0, 30)))
def test_next_visits_every_wanted_image_once_round(numbers: list[int], wanted_numbers: set[int]) -> None:
    order, wanted = [str(number) for number in numbers], {str(number) for number in wanted_numbers}
    here, seen = "", []
    for _turn in [name for name in order if name in wanted]:
        here = progress.next_image(order, wanted, here) or ""
        seen.append(here)
    assert seen == [name for name in order if name in wanted]
