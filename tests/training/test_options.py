"""The table of options: every one beside `paper`, and no test where there is nothing to compare."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training import options, tables
from training.options import OPTIONS, Outcome

OUTCOME = np.arange(40) % 2
FIGURES = {"dice": 0.9, "miou": 0.8, "lesion_accuracy": 1.0, "status_auc": float("nan")}


def test_every_option_is_compared_with_paper(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    reached: list[tuple[tuple[str, str], ...]] = []

    def reach(project: Path, name: str, settings: tuple[tuple[str, str], ...], device: str) -> Outcome:
        reached.append(settings)
        noise = np.random.default_rng(len(reached)).normal(size=OUTCOME.size)
        return Outcome(OUTCOME + noise, OUTCOME, FIGURES)

    monkeypatch.setattr(options, "reach", reach)
    words = [str(tmp_path), "--out", str(tmp_path / "out"), "--device", "cpu", "--set", "mtl.batch=4"]
    assert options.main(words) == 0
    rows = tables.read(tmp_path / "out" / "options.csv")
    assert [row["option"] for row in rows] == [*OPTIONS, options.TOGETHER]
    assert all(settings[0] == ("mtl.batch", "4") for settings in reached)
    first, *others = rows
    assert (first["p"], first["status_auc"], first["dice"]) == ("", "", "0.9")
    assert all(0 <= float(row["p"]) <= 1 for row in others)
    text = (tmp_path / "out" / "options.md").read_text(encoding="utf-8")
    assert "`--set mtl.batch=4`" in text
    assert f"| paper | {float(first['auc']):.3f} (" in text and "|  | 0.900 | 1.000 |  |" in text
