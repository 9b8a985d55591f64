from __future__ import annotations

from hypothesis import given
from json_strategies import records, values

from aln_desk.domain import own_data
from aln_desk.domain.annotation import Annotation


def test_a_sub_key_is_written_and_taken_away_without_a_trace() -> None:
    extra = {"other": 1, "aln": {"newer": [1]}}
    written = own_data.with_own(extra, "note", "x")
    assert written == {"other": 1, "aln": {"newer": [1], "note": "x"}}
    assert own_data.with_own(written, "note", None) == extra
    assert own_data.with_own(own_data.with_own({}, "note", "x"), "note", None) == {}


@given(records("aln", "other"), values)
def test_all_that_is_not_ours_survives_a_write(extra: object, value: object) -> None:
    extra = extra if isinstance(extra, dict) else {"aln": extra}
    written = own_data.with_own(extra, "note", value)
    assert {key: kept for key, kept in written.items() if key != "aln"} == {
        key: kept for key, kept in extra.items() if key != "aln"
    }
    before = extra.get("aln", {})
    if isinstance(before, dict):
        left = {key: kept for key, kept in before.items() if key != "note"}
        assert {key: kept for key, kept in own_data.own(written).items() if key != "note"} == left
    else:
        assert own_data.own(written)["unreadable"] is before
    if value is not None:
        assert own_data.own(written)["note"] is value


def test_a_write_that_changes_nothing_gives_the_same_annotation() -> None:
    annotation = Annotation("a.png", extra={"aln": {"note": "x"}})
    assert own_data.with_sub_key(annotation, "note", "x") is annotation
    assert own_data.with_sub_key(annotation, "status", None) is annotation
