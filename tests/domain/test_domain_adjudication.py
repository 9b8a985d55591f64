from __future__ import annotations

from hypothesis import given
from json_strategies import records

from aln_desk.domain import adjudication, progress
from aln_desk.domain.adjudication import FINAL, Adjudication, Reader
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.progress import Mark, Status
from aln_desk.domain.shape import Shape

ONE = Shape("tumor", ((0.0, 0.0), (4.0, 0.0), (0.0, 4.0)))
OTHER = Shape("lymph_node", ((0.0, 0.0), (9.0, 0.0), (0.0, 9.0)))


def test_a_reader_in_training_sees_only_own_outlines() -> None:
    everybody = [FINAL, "AN", "BO"]
    assert adjudication.visible(Reader("BO"), everybody) == everybody
    assert adjudication.visible(Reader("BO", in_training=True), everybody) == ["BO"]
    assert adjudication.visible(Reader("CE", in_training=True), everybody) == []


def test_one_readers_outlines_become_the_final_ones() -> None:
    main = Annotation("a.png", 9, 9, (ONE,), extra={"foreign": 1, "aln": {"calibration": {"dx": 1}, "newer": 2}})
    chosen = Annotation("../x/a.png", 9, 9, (OTHER,), {"poor_quality": True}, extra={"aln": {"note": "mine"}})
    final = adjudication.adopted(main, chosen, "CE", "2025-01-01", ["AN", "BO"])
    assert (final.shapes, final.flags, final.image_path) == ((OTHER,), {"poor_quality": True}, "a.png")
    assert adjudication.adjudication_of(final) == Adjudication("CE", "2025-01-01", ("AN", "BO"))
    assert progress.mark_of(final) == Mark(Status.DONE, "", "CE", "2025-01-01")
    assert final.extra["foreign"] == 1
    assert final.extra["aln"]["calibration"] == {"dx": 1} and final.extra["aln"]["newer"] == 2
    assert "note" not in final.extra["aln"]
    assert adjudication.adjudication_of(main) is None


@given(records("by", "at", "from"))
def test_nothing_in_a_file_breaks_the_reading(kept: object) -> None:
    image = Annotation("a.png", extra={"aln": {"adjudicated": kept}})
    read, told = adjudication.adjudication_of(image), adjudication.complaints(image)
    assert (read is None) == (bool(told) or kept is None)
