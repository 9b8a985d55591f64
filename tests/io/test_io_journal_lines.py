"""The language of journals: what is written is read, and of anything else as much as makes sense."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from itertools import pairwise

import pytest
from annotation_strategies import annotations, shapes
from hypothesis import given, settings
from hypothesis import strategies as st

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History, Step
from aln_desk.domain.shape import Shape
from aln_desk.io import journal_lines
from aln_desk.io.journal_lines import Replay, begin, line, moved, pushed, replay, saved

OUTLINE = Shape("tumor", tuple((float(n), n / 3) for n in range(100)), extra={"aln": {"origin": "hand"}})
DRAWN = Annotation("a.png", 48, 64, (OUTLINE, replace(OUTLINE, label="node")), {"poor": True}, extra={"who": "AN"})
MANY = Annotation("a.png", shapes=tuple(OUTLINE.with_points(((float(n), 0.5), (n + 1.0, 2.0))) for n in range(2000)))


def written(history: History) -> bytes:
    """A journal of these steps, at their place."""
    steps = history.steps
    lines = [begin("P1/a.png", steps[0])]
    lines += [pushed(n, a.annotation, b) for n, (a, b) in enumerate(pairwise(steps), start=1)]
    return b"".join([*lines, moved(len(lines), history.at)])


def roundtrip(before: Annotation, after: Annotation) -> Annotation:
    record = json.loads(json.dumps(journal_lines.difference(before, after)))
    return journal_lines.applied(before, record)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """Annotations that share shapes: kept, left out, changed in one field, moved in the order, or new."""
    history = History.of(draw(annotations()))
    for number in range(draw(st.integers(0, 4))):
        pool = st.sampled_from([*history.annotation.shapes, OUTLINE]).flatmap(
            lambda shape: st.sampled_from(
                [shape, replace(shape, label="x"), replace(shape, points=shape.points[1:] or shape.points)]
            )
        )
        mixed = tuple(draw(st.lists(pool | shapes(), max_size=5)))
        base = draw(st.just(history.annotation) | annotations())
        history = history.push(replace(base, shapes=mixed), f"edit {number}", float(number))
    return history.jump(draw(st.integers(0, len(history) - 1)))


@given(histories())
@settings(max_examples=60)
def test_a_history_is_read_as_it_was_written(history: History) -> None:
    read = replay(written(history))
    assert read.history == history
    assert (read.complaint, read.torn) == ("", False)


@given(annotations(), annotations())
@settings(max_examples=60)
def test_a_difference_leads_from_any_annotation_to_any_other(before: Annotation, after: Annotation) -> None:
    assert roundtrip(before, after) == after


@given(histories(), st.data())
@settings(max_examples=60)
def test_a_prefix_of_a_journal_is_a_prefix_of_its_steps(history: History, data: st.DataObject) -> None:
    whole = written(history)
    cut = data.draw(st.integers(0, len(whole) - 1))
    read = replay(whole[:cut])
    lines = whole[:cut].count(b"\n")
    assert read.lines == lines and read.torn == (whole[:cut] != b"" and not whole[:cut].endswith(b"\n"))
    assert whole[: read.length].count(b"\n") == lines and whole[: read.length] == whole[: whole[:cut].rfind(b"\n") + 1]
    if lines == 0:
        assert read.history is None
    else:
        assert read.history is not None
        assert read.history.steps == history.steps[: len(read.history)]
        assert len(read.history) == min(lines, len(history))


@given(st.binary(max_size=200))
def test_any_bytes_are_read_as_far_as_they_can_be(data: bytes) -> None:
    read = replay(data)
    assert read.length <= len(data)
    assert bool(read.complaint) == (read.length < len(data))


_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.floats()
    | st.text(max_size=3)
    | st.sampled_from(["begin", "step"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["n", "do", "at", "of", "top", "order", "new", "like", "journal", "points"]), inner
        )
    ),
    max_leaves=8,
)


@given(st.lists(_json, max_size=4), st.booleans())
def test_lines_that_are_whole_and_make_no_sense_end_the_reading(records: list[object], begun: bool) -> None:
    start = begin("x", Step(DRAWN)) if begun else b""
    texts = [json.dumps(record).encode() for record in records]
    read = replay(start + b"".join(b"%08x %s\n" % (zlib.crc32(text), text) for text in texts))
    assert read.lines >= begun
    assert begun <= (read.history is not None)


@given(st.data())
def test_a_flipped_bit_ends_the_reading_before_it(data: st.DataObject) -> None:
    history = History.of(DRAWN).push(DRAWN.with_shapes(()), "cleared").push(DRAWN, "back")
    whole = bytearray(written(history))
    place = data.draw(st.integers(0, len(whole) - 1))
    whole[place] ^= 1 << data.draw(st.integers(0, 7))
    read = replay(bytes(whole))
    assert read.complaint and read.length <= place
    assert read.history is None or read.history.steps == history.steps[: len(read.history)]


def test_a_line_out_of_order_ends_the_reading() -> None:
    first = begin("x", Step(DRAWN))
    assert "0 where 1 was to follow" in replay(first + first).complaint
    assert replay(first + line(2, "saved", {"of": 0})).lines == 1
    assert "ValueError" in replay(line(0, "begin", {"journal": 2, "image": "x"})).complaint


@pytest.mark.parametrize("label", ["x", "a\nb", "\ud800", "淋巴结 \"'\\"])
def test_any_words_are_one_line(label: str) -> None:
    renamed = edit.relabel(DRAWN, [0], label)
    assert pushed(1, DRAWN, Step(renamed, label)).count(b"\n") == 1
    assert roundtrip(DRAWN, renamed) == renamed


def test_an_edit_takes_the_room_of_what_it_changed() -> None:
    long = Annotation("a.png", shapes=(OUTLINE.with_points(tuple((n / 7, n / 3) for n in range(5000))),))
    everything = range(2000)
    rooms = {
        "a vertex of 5,000": pushed(1, long, Step(edit.move_vertex(long, 0, 2500, (1.5, 2.5)))),
        "a vertex put in": pushed(1, long, Step(edit.insert_vertex(long, 0, 17, (1.5, 2.5)))),
        "one of 2,000 shapes": pushed(1, MANY, Step(edit.move_shapes(MANY, [999], 1, 1))),
        "one deleted": pushed(1, MANY, Step(edit.delete_shapes(MANY, [999]))),
        "another order": pushed(1, MANY, Step(MANY.with_shapes((*MANY.shapes[1:], MANY.shapes[0])))),
        "a flag": pushed(1, MANY, Step(edit.set_flags(MANY, {"x": True}))),
    }
    assert {name: len(room) for name, room in rooms.items() if len(room) > 300} == {}
    renamed = pushed(1, MANY, Step(edit.relabel(MANY, everything, "b")))
    assert len(renamed) < 20 * 2000  # no point of theirs is written again


def test_unchanged_shapes_are_shared_after_reading() -> None:
    moved_one = edit.move_shapes(MANY, [999], 1, 1)
    read = replay(written(History.of(MANY).push(moved_one, "moved"))).history
    assert read is not None
    first, second = (step.annotation.shapes for step in read.steps)
    assert [n for n in range(2000) if first[n] is not second[n]] == [999]


def test_what_the_file_may_hold_is_known() -> None:
    one, two, three = (edit.relabel(DRAWN, [0], word) for word in ("1", "2", "3"))
    lines = [begin("x", Step(DRAWN)), pushed(1, DRAWN, Step(one)), pushed(2, one, Step(two))]
    read = replay(b"".join(lines))
    assert read.on_disk == {0: DRAWN, 1: one, 2: two} and not read.clean
    lines += [pushed(3, two, Step(three)), saved(4, 2)]
    read = replay(b"".join(lines))
    assert read.on_disk == {2: two, 3: three} and not read.clean
    lines += [saved(5, 3)]
    assert replay(b"".join(lines)).clean
    lines += [moved(6, 1)]
    read = replay(b"".join(lines))
    assert read.on_disk == {3: three, 6: one}
    assert read.history is not None and read.history.at == 1 and read.history.can_redo


def test_what_could_be_redone_goes_with_the_next_edit() -> None:
    one, two = edit.relabel(DRAWN, [0], "1"), edit.relabel(DRAWN, [0], "2")
    lines = [
        begin("x", Step(DRAWN)),
        pushed(1, DRAWN, Step(one, "one")),
        moved(2, 0),
        pushed(3, DRAWN, Step(two, "two")),
    ]
    history = replay(b"".join(lines)).history
    assert history is not None and [step.annotation for step in history.steps] == [DRAWN, two]


@given(histories())
@settings(max_examples=30)
def test_rewritten_it_says_the_same_in_fewer_lines(history: History) -> None:
    read = replay(journal_lines.rewritten("x", history))
    assert read.history == history and read.clean
    assert read.lines <= len(history) + 2


def test_an_empty_journal_says_nothing() -> None:
    assert replay(b"") == Replay()
