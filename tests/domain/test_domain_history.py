from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.history import History, Step
from aln_desk.domain.shape import Shape

TRIANGLE = Shape("tumor", ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0)), extra={"aln": {"reader": "A"}})
SQUARE = Shape("lymph_node", ((10.0, 10.0), (14.0, 10.0), (14.0, 14.0), (10.0, 14.0)), flags={"seen": True})
DRAWN = Annotation("x.png", 100, 100, (TRIANGLE, SQUARE), {"blurred": False}, extra={"note": 1})


class TestHistory:
    def test_a_fresh_one_has_nothing_to_undo(self) -> None:
        history = History.of(DRAWN)
        assert not history.can_undo and not history.can_redo
        assert history.undo() is history and history.redo() is history
        assert (history.undo_what, history.redo_what) == ("", "")

    def test_undo_and_redo_name_their_edit(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "changed a label")
        assert (history.undo_what, history.redo_what) == ("changed a label", "")
        back = history.undo()
        assert back.annotation is DRAWN
        assert (back.undo_what, back.redo_what) == ("", "changed a label")
        assert back.redo() == history

    def test_an_equal_annotation_is_no_edit(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "one").undo()
        assert history.push(replace(DRAWN), "nothing") is history
        assert history.can_redo

    def test_an_edit_ends_what_could_be_redone(self) -> None:
        history = History.of(DRAWN).push(edit.relabel(DRAWN, [0], "x"), "one").undo()
        history = history.push(edit.relabel(DRAWN, [0], "y"), "two")
        assert not history.can_redo
        assert history.undo().annotation is DRAWN

    def test_a_thousand_edits_are_undone_and_redone(self) -> None:
        states: list[Any] = [DRAWN]
        history = History.of(DRAWN)
        for step in range(1000):
            states.append(edit.move_shapes(states[-1], [0], 1, 0))
            history = history.push(states[-1], f"edit {step}")
        for state in reversed(states[:-1]):
            history = history.undo()
            assert history.annotation == state
        assert not history.can_undo
        for state in states[1:]:
            history = history.redo()
            assert history.annotation == state

    @given(st.lists(st.sampled_from(["push", "undo", "redo"]) | st.integers(0, 20), max_size=40))
    def test_it_behaves_as_a_list_with_a_place_in_it(self, moves: list[str | int]) -> None:
        history, states, place = History.of(DRAWN), [DRAWN], 0
        for number, move in enumerate(moves):
            if move == "push":
                states = [*states[: place + 1], replace(DRAWN, version=str(number))]
                history, place = history.push(states[-1], "push"), place + 1
            elif move == "undo":
                history, place = history.undo(), max(place - 1, 0)
            elif move == "redo":
                history, place = history.redo(), min(place + 1, len(states) - 1)
            else:
                place = int(move) % len(states)
                history = history.jump(place)
            assert [step.annotation for step in history.steps] == states
            assert (history.at, history.annotation) == (place, states[place])
            assert history.can_undo == (place > 0)
            assert history.can_redo == (place < len(states) - 1)

    def test_every_step_has_its_words_and_any_can_be_jumped_to(self) -> None:
        history = History.of(DRAWN, "opened", 1.0)
        for number in range(1, 5):
            history = history.push(replace(DRAWN, version=str(number)), f"edit {number}", float(number))
        assert [(step.what, step.when) for step in history.steps[:2]] == [("opened", 1.0), ("edit 1", 1.0)]
        back = history.jump(1)
        assert (back.at, len(back), back.annotation.version, back.redo_what) == (1, 5, "1", "edit 2")
        assert back.steps == history.steps and back.jump(4) == history
        assert history.jump(4) is history
        for place in (-1, 5):
            with pytest.raises(IndexError):
                history.jump(place)

    def test_two_ways_on_from_one_history_do_not_touch_each_other(self) -> None:
        common = History.of(DRAWN).push(replace(DRAWN, version="1"), "one")
        left, right = (
            common.push(replace(DRAWN, version="2"), "left"),
            common.push(replace(DRAWN, version="3"), "right"),
        )
        assert [step.what for step in common.steps] == ["", "one"]
        assert [step.what for step in left.steps] == ["", "one", "left"]
        assert [step.what for step in right.steps] == ["", "one", "right"]
        assert not common.can_redo and common != left != right

    def test_a_step_takes_the_room_of_what_it_changed(self) -> None:
        many = replace(DRAWN, shapes=tuple(TRIANGLE.with_points(((float(n), 0.0),)) for n in range(2000)))
        history = History.of(many)
        for number in range(200):
            history = history.push(edit.move_shapes(history.annotation, [number], 1, 0), "moved")
        distinct = {id(shape) for step in history.steps for shape in step.annotation.shapes}
        assert len(distinct) == 2000 + 200

    def test_a_history_is_made_of_steps_at_a_place(self) -> None:
        steps = [Step(replace(DRAWN, version=str(number))) for number in range(3)]
        assert History(steps).at == 2
        assert History(steps, 1).annotation.version == "1"
        with pytest.raises(IndexError):
            History([])
