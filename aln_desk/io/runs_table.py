"""The table that compares runs: a row a run, and one over the folds of each cross-validation."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import fmean, stdev
from typing import Any, Literal

from aln_desk.domain import recipe as recipes
from aln_desk.domain.messages import Curve, Message, Started
from aln_desk.domain.presets import PRESETS
from aln_desk.io.runs import Run, read_events, state_of


@dataclass(frozen=True, slots=True)
class Column:
    """``key`` heads it in a CSV and ``words`` on screen; ``help`` says more where the words are short."""

    key: str
    words: str
    kind: Literal["text", "date", "figure", "seconds"] = "text"
    help: str = ""


COLUMNS = (
    Column("name", "Run"),
    Column("state", "State"),
    Column("auc", "Patient AUC", "figure", "Stage 2, on held-out patients"),
    Column("dice", "Mask overlap", "figure", "Dice of the model kept, on held-out patients"),
    Column("dice_best", "Best overlap", "figure", "Highest Dice of any validation"),
    Column("lesion_accuracy", "Lesion type", "figure", "Share of held-out images told to be tumour or node rightly"),
    Column("status_auc", "Image AUC", "figure", "Stage 1's status score, on single held-out images"),
    Column("threshold", "Threshold", "figure", "Of the verdict, frozen with the model"),
    Column("seconds", "Duration", "seconds"),
    Column("changes", "Changed settings", help="Where the recipe differs from its preset"),
    Column("preset", "Preset"),
    Column("stages", "Stages"),
    Column("device", "Device"),
    Column("started", "Started", "date"),
)
KEYS = tuple(column.key for column in COLUMNS)
_STAGES = {"all": "1 and 2", "mtl": "1", "mil": "2"}
_FIGURES = ("auc", "dice", "lesion_accuracy", "status_auc", "threshold")


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run, or with ``run`` None the mean over a cross-validation's runs.

    ``values`` has a text or number for each key of `KEYS`; what is not defined is absent. ``spread`` holds the
    standard deviations (n - 1) of a mean's numbers.
    """

    values: Mapping[str, str | float]
    run: Run | None = None
    spread: Mapping[str, float] = field(default_factory=dict)
    group: str = ""


def read_rows(runs: Iterable[Run]) -> list[RunRow]:
    """A row for each run, in their order, then `grouped`. Reads every run's events."""
    return grouped([run_row(run, read_events(run.folder)) for run in runs])


def run_row(run: Run, events: Sequence[Message]) -> RunRow:
    """What a run's record and messages tell. Figures of the record, else those of the last validation."""
    validations = [event for event in events if isinstance(event, Curve) and event.part == "validation"]
    device = next((event.device for event in events if isinstance(event, Started)), run.device)
    measured = {name: value for one in validations for name, value in one.values.items() if name in _FIGURES}
    overlaps = [value for one in validations if (value := one.values.get("dice")) is not None]
    values: dict[str, Any] = {
        "name": name_of(run),
        "state": state_of(run),
        "preset": PRESETS[run.preset].title if run.preset in PRESETS else run.preset,
        "changes": "; ".join(changes(run)),
        "stages": _STAGES.get(run.stages, run.stages),
        "device": device,
        "started": run.started,
        "seconds": run.seconds or None,  # nothing is counted until a process lets go of the run
        "dice_best": max(overlaps, default=None),
        **measured,
        **{name: run.figures[name] for name in _FIGURES if name in run.figures},
    }
    return RunRow({key: value for key, value in values.items() if value not in (None, "")}, run, group=run.group)


def grouped(rows: Sequence[RunRow]) -> list[RunRow]:
    """The same rows, those of one cross-validation together below a row of their means, in the first one's place."""
    found: list[RunRow] = []
    for row in rows:
        members = [other for other in rows if row.group and other.group == row.group]
        if len(members) < 2:
            found.append(row)
        elif row is members[0]:
            found += [_mean_row(members), *members]
    return found


def name_of(run: Run) -> str:
    """Which one of a cross-validation or sweep the run is; the name the user gave it, else its own."""
    return ", ".join(text for text in (part_of(run), run.label or run.name) if text)


def part_of(run: Run) -> str:
    """Which one of a cross-validation or of a sweep over seeds the run is, in words; empty for others."""
    fold, seed = f"fold {run.fold}" if run.fold else "", run.recipe.get("seed")
    sown = f"seed {seed}" if run.group and seed is not None and (seed or not fold) else ""
    return ", ".join(text for text in (fold, sown) if text)


def changes(run: Run) -> list[str]:
    """Where a run's recipe differs from its preset, in words: ``Steps 300``. Empty without a known preset."""
    if run.preset not in PRESETS:
        return []
    usual = PRESETS[run.preset].recipe
    found = []
    for key, setting in recipes.settings(usual).items():
        value = _recorded(run.recipe, key)
        if value is not None and value != recipes.value(usual, key):
            found.append(f"{setting.words} {_plain(value)}")
    return found


def cell(row: RunRow, column: Column) -> str:
    """What stands in the table for people; a dash where a number is not defined."""
    value = row.values.get(column.key)
    match column.kind:
        case "figure" if isinstance(value, float):
            return f"{value:.3f}{_plus_minus(row, column.key)}"
        case "seconds" if isinstance(value, float):
            return lasting(value)
        case "date":
            return date_of(str(value or ""))
        case "text":
            return str(value or "")
        case _:
            return "–"


def to_csv(rows: Iterable[RunRow], separator: str = ",") -> str:
    """Header and a line a run; a cross-validation's means are two lines, ``mean`` and ``sd``."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator, lineterminator="\n")
    writer.writerow(["row", *KEYS])
    for row in rows:
        kind = "run" if row.run is not None else "mean"
        writer.writerow([kind, *(_exact(row.values.get(key, "")) for key in KEYS)])
        if row.run is None:
            spread = {**row.spread, "name": row.values["name"]}
            writer.writerow(["sd", *(_exact(spread.get(key, "")) for key in KEYS)])
    return text.getvalue()


def to_text(rows: Sequence[RunRow]) -> str:
    """The table as it stands on screen, for a terminal or a letter: equal widths, what can be long at the end."""
    columns = sorted(COLUMNS, key=lambda column: column.key == "changes")
    lines = [[column.words for column in columns], *([cell(row, column) for column in columns] for row in rows)]
    widths = [max(len(line[place]) for line in lines) for place in range(len(columns))]
    return "".join(
        "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip() + "\n" for line in lines
    )


def date_of(started: str) -> str:
    """A run's ``started`` in local time, to the minute; a text that is no date as it stands."""
    try:
        return f"{datetime.fromisoformat(started).astimezone():%Y-%m-%d %H:%M}"
    except ValueError:
        return started


def lasting(seconds: float) -> str:
    """A duration in words: ``12 s``, ``4 min 12 s``, ``1 h 04 min``."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"


def _mean_row(members: Sequence[RunRow]) -> RunRow:
    values: dict[str, str | float] = {}
    spread: dict[str, float] = {}
    for key in KEYS:
        found = [row.values[key] for row in members if key in row.values]
        numbers = [value for value in found if isinstance(value, float)]
        if numbers:
            values[key] = fmean(numbers)
            if len(numbers) > 1:
                spread[key] = stdev(numbers)
        elif len(found) == len(members) and len(set(found)) == 1:
            values[key] = found[0]
    group = members[0].group
    kind = "folds" if any(row.run and row.run.fold for row in members) else "seeds"
    values["name"] = f"Mean of {len(members)} {kind}, {group}"
    values["started"] = str(min((row.values.get("started", "") for row in members), key=str))
    finished = sum(row.values.get("state") == "finished" for row in members)
    values["state"] = "finished" if finished == len(members) else f"{finished} of {len(members)} finished"
    return RunRow(values, spread=spread, group=group)


def _recorded(record: Any, key: str) -> Any:
    for part in key.split("."):
        record = record.get(part) if isinstance(record, Mapping) else None
    return record


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plus_minus(row: RunRow, key: str) -> str:
    return f" ± {row.spread[key]:.3f}" if key in row.spread else ""


def _exact(value: str | float) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.replace("\r", " ")  # which csv leaves bare, and readers take for the line's end
