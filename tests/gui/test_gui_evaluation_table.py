from __future__ import annotations

from dataclasses import replace

import pytest
from evaluation_scores import GOOD, board, scorer
from hypothesis import given
from hypothesis import strategies as st
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import QScrollArea
from pytestqt.qtbot import QtBot
from wheel import wheel

from aln_desk.evaluation.tables.table import Table
from aln_desk.gui.pages.evaluation_table import FigureTable, TableBody
from aln_desk.gui.pages.evaluation_table_fit import broken, fit, folded, plain, without_limits

ROW = ("Multi-task, transformer", "18 (12)", "0.944 (0.826\u20131.000)", "0.889 (0.672\u20130.969)", "\u2013")
TABLE = Table("t", "T", ("Model", "Patients (positive)", "AUC (95 % CI)", "Accuracy", "p"), (ROW, ROW))

pytestmark = pytest.mark.usefixtures("qapp")


def broken_names() -> tuple[tuple[str, ...], ...]:
    """The rows of the folded table, its names on two lines."""
    return tuple(("Multi-task,\ntransformer", *row[1:]) for row in folded(TABLE).table.rows)


def width(table: Table) -> int:
    return sum(plain(table).widths)


def test_a_table_with_room_stands_on_one_line_and_its_columns_apart() -> None:
    needed = plain(TABLE).widths
    found = fit(TABLE, width(TABLE) + 60, brief=True)
    assert found.table == TABLE and not found.folded and found.heads == TABLE.columns
    assert found.widths == tuple(wide + 12 for wide in needed)
    assert fit(TABLE, 9999, brief=True).widths[0] < 2 * needed[0]


def test_a_narrower_one_is_folded_before_its_limits() -> None:
    found = fit(TABLE, width(TABLE) - 1, brief=True)
    assert found.table.rows[0] == (*ROW[:2], "0.944\n0.826\u20131.000", "0.889\n0.672\u20130.969", ROW[4])
    assert found.folded and found.heads == ("Model", "Patients\n(positive)", "AUC\n(95 % CI)", "Accuracy", "p")


def test_only_a_brief_one_leaves_limits_away_and_only_where_they_do_not_fit() -> None:
    least = sum(folded(TABLE).widths) - plain(TABLE).widths[0] + 100
    assert fit(TABLE, least, brief=True).table.rows == broken_names()
    assert fit(TABLE, least - 1, brief=False).table.rows == broken_names()
    brief = fit(TABLE, least - 1, brief=True)
    assert [cell.partition("\n")[2] for cell in brief.table.rows[0][1:]] == ["", "0.826\u20131.000", "", ""]
    assert fit(TABLE, 90, brief=True).table.rows == broken_names(), "where nothing fits, nothing is left away"


def test_a_name_too_long_for_its_column_takes_two_lines_but_one_word_of_it_is_cut_down() -> None:
    least = sum(folded(TABLE).widths) - plain(TABLE).widths[0] + 100
    assert fit(TABLE, least, brief=True).table.rows == broken_names()
    endless = replace(TABLE, rows=(("Multitasktransformerofthreehospitals", *ROW[1:]),))
    assert fit(endless, least, brief=True).table.rows[0][0] == endless.rows[0][0]


def test_shares_and_words_in_brackets_stay_beside_their_figure() -> None:
    cells = ("A", "5 (83.3)", "1 (reference)", "0.914 (0.059) [0.891\u20130.937]", "1.3 (\u22120.2 to 2.7)")
    shown = folded(replace(TABLE, rows=(cells,))).table.rows[0]
    assert shown == (*cells[:3], "0.914\n(0.059) [0.891\u20130.937]", "1.3\n\u22120.2 to 2.7")


def test_limits_go_where_the_heading_does_not_speak_of_them() -> None:
    table = Table("t", "T", ("Model", "AUC (95 % CI)", "F1"), (("A (2)", "0.9 (0.8\u20131.0)", "0.7 (0.6\u20130.8)"),))
    assert without_limits(table).rows == (("A (2)", "0.9 (0.8\u20131.0)", "0.7"),)


@given(st.text(st.sampled_from("ab ()%"), max_size=40), st.integers(0, 200))
def test_a_heading_loses_no_word_and_takes_three_lines_at_most(words: str, room: int) -> None:
    found = broken(words, room)
    assert found.split() == words.split()
    assert found.count("\n") < 3


@pytest.mark.parametrize(("comparator", "limits"), [("Fusion", True), ("Clinical", False)])
def test_eight_models_fit_the_card_of_a_small_window(qtbot: QtBot, comparator: str, limits: bool) -> None:
    names = ["Multi-task, transformer", "Single T ResNet-101", comparator, *"DEFGH"]
    who = tuple(replace(scorer(GOOD), key=name, name=name, uncertain=frozenset({"internal-0"})) for name in names)
    table = board(scorers=who).table_two
    assert table is not None and "Uncertain (%)" in table.columns
    shown = FigureTable("Performance")
    qtbot.addWidget(shown)
    shown.resize(828, 400)
    shown.show()
    shown.show_table(table, brief=True)
    assert shown.horizontalHeader().length() <= shown.viewport().width()
    assert all(("\n" in shown.item(1, column).text()) is limits for column in range(3, 9))
    assert "\n" in shown.item(1, 2).text(), "the AUC keeps its interval"


def test_a_folded_table_is_copied_whole_and_told_in_tooltips(qtbot: QtBot) -> None:
    body = TableBody("Performance")
    qtbot.addWidget(body)
    body.resize(220, 300)
    body.show()
    body.show_table(TABLE, notes=False)
    table = body.table
    assert table.item(0, 3).text() == "0.889\n0.672\u20130.969" and ROW[3] in table.item(0, 3).toolTip()
    assert table.item(0, 0).toolTip() == ROW[0], "a name may be cut down"
    assert table.rowHeight(0) > 30 and not body.grab().isNull()
    table.copy()
    assert ROW[3] in QGuiApplication.clipboard().text()
    body.resize(2000, 300)
    assert table.item(0, 3).text() == ROW[3] and not table.item(0, 3).toolTip() and table.rowHeight(0) < 30
    body.show_table(None)
    assert table.rowCount() == 0 and body.notes.text() == "Being worked out\u2026"


def test_a_table_on_a_page_lets_the_page_scroll_until_it_is_clicked(qtbot: QtBot) -> None:
    table, page = FigureTable("Performance"), QScrollArea()
    qtbot.addWidget(table)
    qtbot.addWidget(page)
    table.resize(900, 60)
    table.show()
    table.show_table(replace(TABLE, rows=(ROW,) * 20))
    bar = table.verticalScrollBar()
    assert wheel(table.viewport()) and bar.value() > 0, "alone, it scrolls"
    bar.setValue(0)
    page.setWidget(table)
    with qtbot.waitActive(page):
        page.show()
        page.activateWindow()
    page.setFocus()
    assert not wheel(table.viewport()) and bar.value() == 0
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(40, 10))
    assert table.hasFocus()
    assert wheel(table.viewport()) and bar.value() > 0
