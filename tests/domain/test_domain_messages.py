from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.messages import (
    AssistImage,
    AssistOpen,
    AssistOpened,
    AssistProgress,
    AssistPrompt,
    AssistProposal,
    AssistReady,
    BagPredicted,
    Cancel,
    Curve,
    Device,
    Failed,
    Finished,
    Message,
    Note,
    OutlinesProposed,
    Predict,
    Prefer,
    Progress,
    ProposeOutlines,
    SnapshotTaken,
    Started,
    from_line,
    to_line,
)

words = st.text()
numbers = st.floats(allow_nan=False, allow_infinity=False)
values = st.dictionaries(words, numbers, max_size=4)
points = st.lists(st.lists(numbers, min_size=2, max_size=2), max_size=4)
boxes = st.none() | st.lists(numbers, min_size=4, max_size=4)
polygons = st.lists(points, max_size=2)
messages = st.one_of(
    st.builds(Started, words, words, words, words),
    st.builds(Progress, words, st.integers(), st.integers(), st.none() | numbers),
    st.builds(Curve, words, words, st.integers(), values),
    st.builds(SnapshotTaken, words, st.integers(), words),
    st.builds(Note, words),
    st.builds(Failed, words, words),
    st.builds(Finished, words, words, values, st.booleans()),
    st.builds(BagPredicted, words, numbers, numbers, words, values, words, st.booleans(), words, st.booleans()),
    st.builds(Device, words, words, st.integers(), st.integers()),
    st.builds(Predict, words, words, words),
    st.builds(Prefer, words),
    st.just(Cancel()),
    st.builds(AssistOpen, words, words, words),
    st.builds(AssistImage, words, words),
    st.builds(AssistPrompt, words, points, st.lists(st.integers(0, 1)), boxes, st.integers()),
    st.builds(ProposeOutlines, words, words, boxes, st.integers(), words),
    st.builds(AssistOpened, words, words, words, words),
    st.builds(AssistProgress, words, st.integers(), st.integers()),
    st.builds(AssistReady, words, numbers),
    st.builds(AssistProposal, words, st.integers(), polygons, numbers),
    st.builds(OutlinesProposed, words, st.integers(), words, polygons, numbers, words),
)


@given(messages)
def test_a_message_survives_its_line(message: Message) -> None:
    line = to_line(message)
    assert "\n" not in line
    assert "\r" not in line
    assert from_line(line) == message
    assert from_line(line + "\r\n") == message


@given(messages)
def test_keys_of_a_newer_child_are_ignored(message: Message) -> None:
    record = json.loads(to_line(message))
    assert from_line(json.dumps({**record, "a key of tomorrow": [1]})) == message


@given(st.text())
def test_other_text_is_no_message(text: str) -> None:
    assert from_line(text) is None


@pytest.mark.parametrize(
    "line",
    [
        "",
        "null",
        "[]",
        "3",
        '"Note"',
        "{}",
        '{"event": "Tomorrow"}',
        '{"event": []}',
        '{"event": null}',
        '{"event": "Note"}',
        '{"event": "Note", "text": "cut',
    ],
)
def test_what_only_looks_like_a_message_is_none(line: str) -> None:
    assert from_line(line) is None


@pytest.mark.parametrize("value", [float("nan"), float("inf"), float("-inf")])
def test_values_that_json_lacks_become_null(value: float) -> None:
    line = to_line(Curve("mtl", "train", 3, {"loss": value, "mask": 0.5}))
    assert json.loads(line, parse_constant=pytest.fail)["values"] == {"loss": None, "mask": 0.5}
    assert from_line(to_line(Progress("mil", 1, 2, value))) == Progress("mil", 1, 2, None)
    line = to_line(AssistProposal("a", 1, [[[value, 2.0]]], 0.5))
    assert json.loads(line, parse_constant=pytest.fail)["polygons"] == [[[None, 2.0]]]
