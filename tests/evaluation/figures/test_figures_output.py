from __future__ import annotations

import re
from pathlib import Path

import matplotlib
import pytest
from drawn_study import study

from aln_desk.domain.errors import BadFile
from aln_desk.evaluation.figures import rendered, write
from aln_desk.evaluation.figures.output import FORMATS, Format
from aln_desk.evaluation.figures.roc import roc_figure
from aln_desk.evaluation.figures.style import (
    INCH,
    SINGLE,
    sheet,
    shortened,
    size_of,
    style,
    told_apart,
    width_of,
    wrapped,
)

_SMALL = (("external test", 30, 20),)


@pytest.mark.parametrize("kind", FORMATS)
def test_the_same_results_give_the_same_bytes_whatever_the_user_has_set(kind: Format) -> None:
    first = rendered(roc_figure(study(sizes=_SMALL)), kind, 80)
    with matplotlib.rc_context({"axes.grid": True, "font.size": 20, "svg.fonttype": "none", "savefig.dpi": 30}):
        again = rendered(roc_figure(study(sizes=_SMALL)), kind, 80)
    assert first == again


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_tells_neither_when_nor_by_which_version_it_was_made(kind: Format) -> None:
    content = rendered(sheet(20, 10), kind, 80)
    assert not re.search(rb"Matplotlib v|CreationDate|Software|dc:date|matplotlib.org", content)


def test_settings_of_the_process_are_left_as_they_were() -> None:
    before = dict(matplotlib.rcParams)
    rendered(roc_figure(study(sizes=_SMALL)), "png", 50)
    assert dict(matplotlib.rcParams) == before


def test_write_makes_three_files_of_the_journals_width(tmp_path: Path) -> None:
    figure = roc_figure(study(sizes=_SMALL))
    stem = tmp_path / "fig_3.roc"
    assert write(figure, stem) == [tmp_path / f"fig_3.roc.{kind}" for kind in ("svg", "pdf", "png")]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fig_3.roc.pdf", "fig_3.roc.png", "fig_3.roc.svg"]
    png = (tmp_path / "fig_3.roc.png").read_bytes()
    assert int.from_bytes(png[16:20]) == int(SINGLE / INCH * 600)
    svg = (tmp_path / "fig_3.roc.svg").read_text()
    assert re.search(r'width="252\.28\d*pt"', svg) and "<text" not in svg and "<use" in svg
    pdf = (tmp_path / "fig_3.roc.pdf").read_bytes()
    assert b"/FontFile2" in pdf and b"DejaVuSans" in pdf and b"/Type3" not in pdf


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadFile, match="nowhere"):
        write(sheet(20, 10), tmp_path / "nowhere" / "figure")


def test_style_may_be_entered_within_itself_and_is_undone() -> None:
    before = matplotlib.rcParams["font.size"]
    with style(), style():
        inside = matplotlib.rcParams["font.size"]
    assert (inside, matplotlib.rcParams["font.size"]) == (7.0, before)


def test_a_sheet_has_its_size_in_millimetres() -> None:
    assert size_of(sheet(89, 50)) == pytest.approx((89, 50))


def test_long_words_lose_their_middle() -> None:
    name = "SegFormer MiT-B2, letterbox, fold 3"
    assert shortened(name, 100, 7) == name
    cut = shortened(name, 25, 7)
    assert cut.startswith("SegForm") and cut.endswith("3") and "…" in cut
    assert width_of(cut, 7) <= 25 < width_of(name, 7)
    assert shortened(name, 1, 7) == "…"
    assert shortened("  two \n lines ", 100, 7) == "two lines"


def test_long_names_that_begin_and_end_alike_are_told_apart() -> None:
    names = ["20261123-150355-tiny", "20261123-150448-tiny", "20261123-150448-small", "Radiomics", "Radiomics"]
    cut = told_apart(names, 17, 7)
    assert len(set(cut.values())) == len(cut) == 4
    assert cut["Radiomics"] == "Radiomics" and cut[names[0]].endswith("355-tiny")
    assert all(width_of(name, 7) <= 17 for name in cut.values())
    assert told_apart(names[:2], 100, 7) == {name: name for name in names[:2]}
    assert set(told_apart(names, 1, 7).values()) == {"…"}


def test_words_wrap_between_words_and_the_last_line_is_shortened() -> None:
    text = "patients with early unilateral breast cancer and much more to be said of them"
    lines = wrapped(text, 30, 7, 3).split("\n")
    assert len(lines) == 3 and "…" in lines[-1] and all(width_of(line, 7) <= 30 for line in lines)
    assert wrapped("a b", 30, 7) == "a b"
    assert wrapped("", 30, 7) == ""
    held = "(n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}12)"
    assert wrapped(f"no pathology {held}", width_of("no pathology", 7) + 2, 7).split("\n")[1] == held


@pytest.mark.parametrize("name", ["$\\frac$", "a_b $x$", "\\alpha", "100 %", "_hidden", "<b>"])
def test_a_name_is_written_as_it_stands(name: str) -> None:
    from drawn_study import patients, results_of, scorer, texts

    people = patients(_SMALL)
    figure = roc_figure(results_of([scorer(name, people, 1.0)], people, _SMALL))
    assert name in texts(figure)
    assert rendered(figure, "svg")
