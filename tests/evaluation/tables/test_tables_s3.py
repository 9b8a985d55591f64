from __future__ import annotations

import numpy as np
from made_studies import cell, notes

from aln_desk.evaluation.tables.table_s3 import table_s3
from aln_desk.stats.regression import regression

RNG = np.random.default_rng(7)
OUTCOME = RNG.integers(0, 2, 200)
CLINICAL = [
    {"name": f"w{n}", "birads": "45"[int(RNG.random() < 0.3 + 0.4 * y)], "er": "+-"[n % 2], "age": str(30 + n % 40)}
    for n, y in enumerate(OUTCOME)
]


def test_univariate_stands_beside_multivariate() -> None:
    found = regression(CLINICAL, OUTCOME)
    table = table_s3(found, "training")
    five = {row.stage: row for row in found.rows if (row.variable, row.level) == ("birads", "5")}
    alone = five["univariate"]
    shown = f"{alone.odds_ratio:.3f} ({alone.low:.3f}–{alone.high:.3f})"
    rows = {": ".join(table.path(place)): row for place, row in enumerate(table.rows)}
    assert rows["BI-RADS: 5"][3] == shown
    assert rows["BI-RADS: 4"][3:] == ("1 (reference)", "", "1 (reference)", "")
    assert rows["BI-RADS"][3:] == ("", "<0.001", "", "<0.001")
    assert table.title.endswith("(training)")


def test_a_variable_that_did_not_enter_has_no_multivariate_figures() -> None:
    table = table_s3(regression(CLINICAL, OUTCOME))
    assert [row[5:] for row in table.rows if row[0] == "-"] == [("", "")]


def test_one_that_was_left_out_has_the_p_it_had() -> None:
    # A copy of the BI-RADS with noise goes with the outcome alone, and not beside it.
    rng = np.random.default_rng(1)
    twins = [{**row, "copy": row["birads"] if rng.random() < 0.9 else "4"} for row in CLINICAL]
    table = table_s3(regression(twins, OUTCOME, ["birads", "copy"]))
    rows = {row[0]: row for row in table.rows}
    assert rows["Copy"][5] == "–" and rows["Copy"][6] not in ("", "–")
    assert "beside the others: Copy, multivariate." in notes(table)


def test_a_variable_that_cannot_be_used_says_why() -> None:
    table = table_s3(regression(CLINICAL, OUTCOME))
    assert cell(table, "Name", "Patients") == "200"
    assert cell(table, "Name", "p") == "–"
    assert "are too many categories: Name, univariate." in notes(table)


def test_variables_stand_in_the_paper_s_order() -> None:
    table = table_s3(regression(CLINICAL, OUTCOME))
    assert [row[0] for place, row in enumerate(table.rows) if not table.depth(place)] == [
        "Age",
        "BI-RADS",
        "ER",
        "Name",
    ]


def test_separated_outcomes_are_told_as_penalised() -> None:
    clinical = [{"er": "+-"[int(y)]} for y in OUTCOME]
    assert "Penalised, as the outcomes can be separated: ER -, univariate" in notes(
        table_s3(regression(clinical, OUTCOME))
    )
