"""What a model's training did with images and patients."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.trained_on import Seen, TrainedOn

RECORD = TrainedOn(frozenset({"a", "b", "both"}), frozenset({"c", "both"}))


@pytest.mark.parametrize(
    ("digest", "seen"),
    [("a", Seen.FITTED), ("c", Seen.HELD_OUT), ("both", Seen.FITTED), ("x", Seen.NEW), ("", Seen.UNKNOWN)],
)
def test_an_image_is_known_by_its_digest(digest: str, seen: Seen) -> None:
    assert RECORD.image(digest) is seen


@pytest.mark.parametrize(
    ("bag", "seen"),
    [
        ("xa", Seen.FITTED),
        ("ca", Seen.FITTED),
        ("xc", Seen.HELD_OUT),
        ("xy", Seen.NEW),
        (["x", ""], Seen.UNKNOWN),
        (["a", ""], Seen.FITTED),
        ("", Seen.UNKNOWN),
    ],
)
def test_one_image_in_training_puts_the_patient_there(bag: list[str], seen: Seen) -> None:
    assert RECORD.patient(bag) is seen


DIGESTS = st.frozensets(st.sampled_from("abcdef"))


@given(DIGESTS, DIGESTS, DIGESTS, DIGESTS)
def test_what_either_training_learned_from_is_fitted(
    a: frozenset[str], b: frozenset[str], c: frozenset[str], d: frozenset[str]
) -> None:
    first, later = TrainedOn(a, b), TrainedOn(c, d)
    both = first.joined(later)
    assert both.fitted == a | c and not both.fitted & both.held_out
    for digest in "abcdefg":
        seen = {first.image(digest), later.image(digest)}
        assert both.image(digest) is next(one for one in (Seen.FITTED, Seen.HELD_OUT, Seen.NEW) if one in seen)


def test_only_what_is_known_has_words() -> None:
    assert [seen.words for seen in Seen] == ["In training", "Held out", "Not seen in training", ""]
    assert all(bool(seen.sentence("this image")) == bool(seen.words) for seen in Seen)
    assert "learned from this patient" in Seen.FITTED.sentence("this patient")
