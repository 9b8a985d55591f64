"""Tables 1 and S1."""

from __future__ import annotations

from made_studies import cell, make_patient, make_patients, notes

from aln_desk.domain.patient import Patient
from aln_desk.evaluation.tables.characteristics import ordered
from aln_desk.evaluation.tables.table_one import table_one
from aln_desk.evaluation.tables.table_s1 import table_s1

# The outcomes of the paper's cohorts.
TRAINING = make_patients("training", [1] * 735 + [0] * 409)
INTERNAL = make_patients("internal test", [1] * 184 + [0] * 89)
EXTERNAL = make_patients("external test", [1] * 94 + [0] * 46)
PAPER = {"training": TRAINING, "internal test": INTERNAL, "external test": EXTERNAL}


def aged(cohort: str, ages: list[int]) -> list[Patient]:
    return make_patients(cohort, [place % 2 for place in range(len(ages))], age=[str(age) for age in ages])


def test_the_paper_s_cohorts_and_their_outcomes() -> None:
    table = table_one(PAPER)
    assert table.columns == ("Characteristic", "training", "internal test", "external test", "p")
    assert table.rows[0] == ("Patients, n", "1144", "273", "140", "")
    positive = "Node status in pathology, n (%): Positive"
    assert cell(table, positive, "training") == "735 (64.2)"
    assert cell(table, positive, "external test") == "94 (67.1)"
    # chi-square 1.25599 on 2 degrees of freedom: exp(-1.25599 / 2)
    assert cell(table, "Node status in pathology, n (%)", "p") == "0.534"


def test_a_number_has_median_and_quartiles_and_a_rank_test() -> None:
    ages = {"one": aged("one", list(range(40, 51))), "two": aged("two", list(range(60, 71)))}
    table = table_one(ages)
    assert cell(table, "Age, median (IQR)", "one") == "45 (42.5–47.5)"
    assert cell(table, "Age, median (IQR)", "p") == "<0.001"
    assert "Wilcoxon rank-sum test with correction for ties and continuity (Age" in notes(table)
    three = table_one({**ages, "three": aged("three", list(range(50, 61)))})
    assert "Kruskal-Wallis test (Age" in notes(three)


def test_unknown_is_a_level_and_missing_is_counted_apart() -> None:
    lvi = ["yes"] * 5 + ["no"] * 3 + ["unknown"] * 2 + [""] * 4
    table = table_one({"one": make_patients("one", [0, 1] * 7, lvi=lvi), "two": make_patients("two", [0], lvi=["yes"])})
    rows = {": ".join(table.path(place)): row[1:3] for place, row in enumerate(table.rows)}
    head = "Lymphovascular invasion, n (%): "
    found = {path.removeprefix(head): row for path, row in rows.items() if path.startswith(head)}
    assert found == {
        "No": ("3 (30.0)", "0 (0.0)"),
        "Yes": ("5 (50.0)", "1 (100.0)"),
        "Unknown": ("2 (20.0)", "0 (0.0)"),
        "Missing": ("4", "0"),
    }
    doubtful = "Node status in pathology, Lymphovascular invasion"
    assert f"doubtful where an expected count is below 5: {doubtful}" in notes(table)


def test_images_are_counted_by_view() -> None:
    bags = [make_patient("P1", "one", 1, tumour=2, node=1), make_patient("P2", "one", 0, tumour=1)]
    table = table_one({"one": bags, "two": [make_patient("P3", "two", 1, tumour=3)]})
    assert cell(table, "Tumour images, n", "one") == "3"
    assert cell(table, "Tumour images, n: Per patient, median (IQR)", "one") == "1.5 (1.25–1.75)"
    assert cell(table, "Node images, n", "two") == "0"
    assert cell(table, "Node image, n (%): With", "one") == "1 (50.0)"


def test_a_single_cohort_is_not_compared() -> None:
    table = table_one({"one": make_patients("one", [0, 1, 1], er=["+", "-", "+"])})
    assert table.columns == ("Characteristic", "one")
    assert "chi-square" not in notes(table)


def test_what_cannot_be_tested_is_a_dash_with_a_reason() -> None:
    table = table_one({"one": make_patients("one", [1, 1], er=["+", "+"]), "two": make_patients("two", [1], er=["+"])})
    assert cell(table, "ER, n (%)", "p") == "–"
    assert "– not defined: fewer than two rows have patients (p of Node status in pathology; p of ER" in notes(table)


def test_a_name_is_no_category() -> None:
    table = table_one({"one": make_patients("one", [0, 1] * 10, doctor=[f"Dr {n}" for n in range(20)])})
    assert not any("Doctor" in row[0] for row in table.rows)
    assert "Not shown: 20 different values are too many categories (Doctor)." in notes(table)


def test_nobody_at_all_has_no_characteristics() -> None:
    table = table_one({"one": [], "two": []})
    assert table.rows[0] == ("Patients, n", "0", "0", "")
    assert set(table.rows[2]) == {"Per patient, median (IQR)", "–"}


def test_outcomes_are_compared_within_each_cohort() -> None:
    # The T stages of one cohort differ, those of the other do not.
    one = make_patients("one", [0] * 20 + [1] * 20, t_stage=["1"] * 20 + ["2"] * 20)
    two = make_patients("two", [0] * 20 + [1] * 20, t_stage=["1", "2"] * 20)
    table = table_s1({"one": one, "two": two})
    assert table.spans == (("", 1), ("one", 3), ("two", 3))
    assert table.columns == ("Characteristic", "Negative", "Positive", "p", "Negative", "Positive", "p")
    assert table.rows[0] == ("Patients, n", "20", "20", "", "20", "20", "")
    assert table.rows[1] == ("T stage, n (%)", "", "", "<0.001", "", "", ">0.999")
    assert table.rows[2][:3] == ("1", "20 (100.0)", "0 (0.0)")


def test_a_cohort_of_one_outcome_has_no_p_in_table_s1() -> None:
    table = table_s1({"one": make_patients("one", [1] * 4, er=["+", "-"] * 2)})
    assert table.rows[1] == ("ER, n (%)", "", "", "–")
    assert "fewer than two columns have patients (p of ER on one" in notes(table)


def test_variables_stand_as_in_the_paper_whatever_their_spelling() -> None:
    names = ["zinc", "PNI", "ki-67", "her2", "bi-rads", "clinical_t_stage", "age", "er", "menopause"]
    assert ordered(names) == ["age", "clinical_t_stage", "bi-rads", "er", "her2", "ki-67", "PNI", "menopause", "zinc"]
