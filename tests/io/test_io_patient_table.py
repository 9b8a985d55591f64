"""The table of images and patients: what is understood, and what is refused with row and reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import AlnError, BadFile, BadProject
from aln_desk.domain.patient import Role, View
from aln_desk.io.csv_table import SHOWN_REFUSALS
from aln_desk.io.patient_table import TableRow, find_table, read_table, role_of


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name in ("a.png", "b.jpg", "c.tif", "notes.txt"):
        (tmp_path / name).touch()
    return tmp_path


def read(folder: Path, text: str, encoding: str = "utf-8") -> list[TableRow]:
    path = folder / "table.csv"
    path.write_bytes(text.encode(encoding))
    return read_table(path)


def refusal(folder: Path, text: str) -> str:
    with pytest.raises(BadProject) as caught:
        read(folder, text)
    return str(caught.value)


def test_a_row_says_all_it_can(folder: Path) -> None:
    header = "File ,PATIENT,view,outcome,admission_date,cohort,hospital,Age,BI RADS"
    (row,) = read(folder, f"{header}\n a.png , 王 1 ,tumor,Y,2024-02-29,val,A,61,4C")
    assert row == TableRow(
        2, folder / "a.png", "王 1", View.TUMOUR, 1, "2024-02-29", "val", "A", {"age": "61", "bi_rads": "4C"}
    )


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators_quotes_blank_lines_and_a_mark_at_the_start(folder: Path, separator: str) -> None:
    lines = ["file,patient,age", 'a.png,"P; 1",', "", ",,", "b.jpg,P2,3"]
    text = "\r\n".join(line.replace(",", separator) for line in lines)
    rows = read(folder, text, "utf-8-sig")
    assert [(row.number, row.patient) for row in rows] == [(2, "P; 1"), (5, "P2")]


def test_a_table_that_names_its_separator_is_found_and_read(folder: Path) -> None:
    rows = read(folder, "sep=;\nfile;patient;a,b,c,d\na.png;P1;x\n")
    assert [(row.number, row.patient) for row in rows] == [(2, "P1")]
    assert find_table(folder) == folder / "table.csv"


@pytest.mark.parametrize(
    ("word", "outcome"),
    [("0", 0), ("1", 1), ("n", 0), ("Y", 1), ("Negative", 0), ("POSITIVE", 1), ("", None)],
)
def test_outcome_words(folder: Path, word: str, outcome: int | None) -> None:
    (row,) = read(folder, f"file,patient,outcome\na.png,P1,{word}")
    assert row.outcome == outcome


@pytest.mark.parametrize(
    ("cohort", "role"),
    [
        ("train", Role.TRAIN),
        ("Training set", Role.TRAIN),
        ("tune", Role.TUNE),
        ("val", Role.TUNE),
        ("validation_2", Role.TUNE),
        ("internal", Role.INTERNAL_TEST),
        ("Internal-Test", Role.INTERNAL_TEST),
        ("internal validation", Role.INTERNAL_TEST),
        ("test", Role.INTERNAL_TEST),
        ("external", Role.EXTERNAL_TEST),
        ("external test B", Role.EXTERNAL_TEST),
        ("test, external", Role.EXTERNAL_TEST),
        ("trainer", None),
        ("Shanghai", None),
        ("", None),
    ],
)
def test_cohort_words(cohort: str, role: Role | None) -> None:
    assert role_of(cohort) is role


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("gone.png,P1", "row 2: there is no file gone.png"),
        (",P1", "row 2: it names no file"),
        (".,P1", "row 2: there is no file ."),
        ("a\x00b.png,P1", "row 2: there is no file"),
        ("x" * 5000 + ",P1", "row 2: there is no file"),
        ("notes.txt,P1", "row 2: notes.txt is not an image"),
        ("a.png,", "row 2: it names no patient"),
        ('a.png,"P\n1"', "row 2: its patient's name holds a line break"),
        ("a.png,P1,belly", 'row 2: view "belly"'),
        ("a.png,P1,,2", 'row 2: outcome "2"'),
        ("a.png,P1,,,29.02.2024", 'row 2: admission date "29.02.2024"'),
        ("a.png,P1,,,20240229", 'row 2: admission date "20240229"'),
        ("a.png,P1,,,2023-02-29", 'row 2: admission date "2023-02-29"'),
        ("a.png,P1,,,,Shanghai", 'row 2: cohort "Shanghai"'),
        ("a.png,P1,,,,,7", "row 2: it has more cells than the first row"),
    ],
)
def test_a_row_is_refused_with_its_reason(folder: Path, row: str, reason: str) -> None:
    assert reason in refusal(folder, f"file,patient,view,outcome,admission_date,cohort\n{row}")


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("a.png,P1,1,train", "b.jpg,P1,0,train", "row 3: patient P1 has outcome 0 here and 1 in row 2"),
        ("a.png,P1,1,train", "b.jpg,P1,1,test", "row 3: patient P1 has cohort test here and train in row 2"),
        ("a.png,P1,1,train,5", "b.jpg,P1,1,train,6", "row 3: patient P1 has age 6 here and 5 in row 2"),
        ("a.png,P1", "./a.png,P2", "row 3: a.png is listed in row 2 already"),
    ],
)
def test_rows_that_disagree_are_refused_with_both_numbers(folder: Path, one: str, other: str, reason: str) -> None:
    assert reason in refusal(folder, f"file,patient,outcome,cohort,age\n{one}\n{other}")


def test_an_empty_cell_contradicts_nothing(folder: Path) -> None:
    rows = read(folder, "file,patient,outcome,cohort\na.png,P1,1,train\nb.jpg,P1,,")
    assert [row.outcome for row in rows] == [1, None]


def test_many_refusals_are_counted(folder: Path) -> None:
    rows = "\n".join(f"{number}.png,P1" for number in range(SHOWN_REFUSALS + 3))
    message = refusal(folder, f"file,patient\n{rows}")
    assert f"{SHOWN_REFUSALS + 3} rows are refused" in message
    assert message.count("there is no file") == SHOWN_REFUSALS
    assert message.endswith("; and 3 more.")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "no column file and no column patient"),
        (b"file,name\na.png,P1", "no column patient"),
        (b"file,patient,File\na.png,P1,b.jpg", "two columns file"),
        (b"file,patient\n\n,\n", "has no rows"),
        ("file,patient\na.png,王".encode("gbk"), "not in UTF-8"),
        (b'file,patient\n"a.png,' + b"x" * 200_000, "not a table"),
    ],
)
def test_what_is_no_such_table_is_refused(folder: Path, content: bytes, reason: str) -> None:
    (folder / "table.csv").write_bytes(content)
    with pytest.raises(BadFile, match=reason):
        read_table(folder / "table.csv")


_CELLS = st.text(alphabet='abpngP1,;"\n\r\t -_0./\\äx\x00', max_size=12)


_TABLES = st.lists(_CELLS).map(lambda lines: "\n".join(["file,patient,view", *lines]).encode())


@given(content=st.binary(max_size=120) | _TABLES)
def test_anything_is_read_or_refused_with_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    folder = tmp_path_factory.getbasetemp()
    (folder / "a.png").touch()
    (folder / "any.csv").write_bytes(content)
    try:
        rows = read_table(folder / "any.csv")
    except AlnError as error:
        assert "any.csv" in str(error)
    else:
        assert rows and all(row.patient and row.file.is_file() for row in rows)
