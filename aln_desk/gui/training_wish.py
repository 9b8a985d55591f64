"""What the window asks a training to do: plain data that can be kept, and the command line that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadSetting
from aln_desk.domain.presets import PRESETS
from aln_desk.domain.recipe import OF_STAGE_ONE, Recipe, Setting

_FOR_PROGRAMS = ("--events", "--stop-with-stdin")
_OF_REGRESSION = frozenset({"variables", "enter"})
"""Settings that only a logistic regression reads."""
_OF_ALL = frozenset({"seed", "held_out"})
"""Settings that mean something where no network learns, too."""
_SEEDS = re.compile(r"([0-9]{1,9})(?:-([0-9]{1,9}))?")
_MOST_SEEDS = 1000
"""Of one range: more is a slip of the keyboard."""


@dataclass(frozen=True, slots=True)
class Work:
    """What can be trained: the word of ``aln-desk train``, its name and a sentence for people."""

    stages: str
    title: str
    description: str


WORKS = (
    Work("all", "Both stages", "Masks and status from single images, then a verdict from all images of a patient"),
    Work("mtl", "Stage 1 only", "Masks, lesion type and status of single images; no verdicts"),
    Work("mil", "Stage 2 only", "Verdicts of patients, on top of a model whose stage 1 stays as it is"),
    Work("clinical", "Clinical variables", "Logistic regression; reads no image and is done in seconds"),
    Work("fusion", "Clinical variables and images", "Logistic regression over both, on top of a model that stays"),
)
ON_A_MODEL = ("mil", "fusion")
"""Works that build on a model which exists."""
REGRESSIONS = ("clinical", "fusion")
"""Works without a network to train: no preset says anything of them."""


@dataclass(frozen=True, slots=True)
class Wish:
    """One training as asked for. ``settings`` holds only what differs from the preset, as text by key.

    ``folds`` 0: no cross-validation; ``seeds`` empty: one training with the recipe's own seed. ``base``: folder of
    the model to build on (see `ON_A_MODEL`), empty where none is needed. ``resume`` names a run to go on with; all
    but ``device`` is then read from that run.
    """

    preset: str = "small"
    cohorts: tuple[str, ...] = ()
    device: str = "auto"
    settings: Mapping[str, str] = field(default_factory=dict)
    stages: str = "all"
    name: str = ""
    base: str = ""
    folds: int = 0
    seeds: tuple[int, ...] = ()
    allow_download: bool = False
    resume: str = ""

    @property
    def title(self) -> str:
        """What a list shows in its first line."""
        if self.resume:
            return f"Resume {self.resume}"
        return self.name or kind_of(self.stages, self.preset)

    @property
    def summary(self) -> str:
        """What a list shows in its second line."""
        if self.resume:
            return "Goes on from its last checkpoint"
        parts = ["Logistic regression" if self.stages in REGRESSIONS and not self.name else _work_title(self.stages)]
        parts += [f"{self.folds} folds"] if self.folds else []
        parts += [f"{len(self.seeds)} seeds"] if self.seeds else []
        count = len(self.settings)
        parts += [f"{count} setting{'' if count == 1 else 's'} changed"] if count else []
        return " · ".join(parts)

    def to_dict(self) -> dict[str, Any]:
        """JSON values; `from_dict` reads them back."""
        return {**asdict(self), "cohorts": list(self.cohorts), "seeds": list(self.seeds)}

    @classmethod
    def from_dict(cls, record: Any) -> Wish | None:
        """The wish of `to_dict`; None for anything else, so that a damaged list loses one entry and not all."""
        if not isinstance(record, dict):
            return None
        like = cls().to_dict()
        known = {entry.name: record[entry.name] for entry in fields(cls) if entry.name in record}
        if any(type(value) is not type(like[name]) for name, value in known.items()):
            return None
        sets = known.get("settings", {})
        lists: dict[str, Any] = {name: tuple(known[name]) for name in ("cohorts", "seeds") if name in known}
        if not _all(str, [*sets.values(), *lists.get("cohorts", ())]) or not _all(int, lists.get("seeds", ())):
            return None
        return cls(**{**known, **lists})


def kind_of(stages: str, preset: str) -> str:
    """What a training is called that has no name: after its preset, or its work where no preset counts."""
    if stages in REGRESSIONS:
        return _work_title(stages)
    return PRESETS[preset].title if preset in PRESETS else preset


def arguments(project: str | Path, wish: Wish) -> list[str]:
    """The command line of one training, after the program's name."""
    if wish.resume:
        return [*resume_arguments(project, wish.resume, wish.device), *_FOR_PROGRAMS]
    words = ["train", wish.stages, str(project), *_FOR_PROGRAMS]
    words += ["--preset", wish.preset, "--device", wish.device]
    words += [word for name in wish.cohorts for word in ("--cohort", name)]
    words += ["--name", wish.name] if wish.name else []
    words += ["--base", wish.base] if wish.base else []
    words += ["--folds", str(wish.folds)] if wish.folds else []
    words += ["--seeds", ",".join(map(str, wish.seeds))] if wish.seeds else []
    words += ["--allow-download"] if wish.allow_download else []
    for key, text in wish.settings.items():
        words += ["--set", f"{key}={text}"]
    return words


def background_arguments(project: str | Path, run: str, device: str) -> list[str]:
    """The command line that goes on with a run without a window; it waits until the present process lets go."""
    return [*resume_arguments(project, run, device), "--wait", "--events"]


def resume_arguments(project: str | Path, run: str, device: str) -> list[str]:
    """The words that both ways of going on begin with."""
    return ["train", "all", str(project), "--resume", run, "--device", device]


def known_settings(recipe: Recipe, stages: str) -> dict[str, Setting]:
    """The settings that a work of `WORKS` reads, by key."""
    return {key: setting for key, setting in recipes.settings(recipe).items() if _is_read(key, stages)}


def problems(recipe: Recipe, texts: Mapping[str, str]) -> dict[str, str]:
    """What is wrong with these texts as changes of ``recipe``: a sentence by key; empty when they can be used."""
    found: dict[str, str] = {}
    known = recipes.settings(recipe)
    for key, text in texts.items():
        try:
            recipe = recipes.change(recipe, {key: text})
        except BadSetting as error:
            found[key] = str(error).replace(f" for {key}", "", 1)
            continue
        if not known[key].allows(recipes.value(recipe, key)):
            found[key] = f"It must be {known[key].wanted}."
    return found or _disagreement(recipe)


def differing(recipe: Recipe, texts: Mapping[str, str]) -> dict[str, str]:
    """Those of the texts that change ``recipe``; a text that cannot be read changes it."""
    return {key: text for key, text in texts.items() if not _says(recipe, key, text)}


def seeds_of(text: str) -> tuple[int, ...]:
    """The seeds of "0, 1, 2", "0-2", or both mixed; `BadSetting` for all but whole numbers from 0 on, each once."""
    found = [_SEEDS.fullmatch(word) for word in text.replace(",", " ").split()]
    ranges = [(int(one[1]), int(one[2] or one[1])) for one in found if one is not None]
    if len(ranges) < len(found) or not all(0 <= high - low < _MOST_SEEDS for low, high in ranges):
        raise BadSetting("Seeds are whole numbers, such as 0, 1, 2 or 0-9.")
    seeds = tuple(seed for low, high in ranges for seed in range(low, high + 1))
    if len(set(seeds)) < len(seeds):
        raise BadSetting("Each seed may be named once.")
    return seeds


def _work_title(stages: str) -> str:
    return next((work.title for work in WORKS if work.stages == stages), stages)


def _is_read(key: str, stages: str) -> bool:
    stage, _, name = key.rpartition(".")
    if stages in REGRESSIONS:
        return key in _OF_REGRESSION | _OF_ALL
    if key in _OF_REGRESSION:
        return False
    if stage:
        return stages in (stage, "all")
    return stages != "mil" or name not in OF_STAGE_ONE


def _says(recipe: Recipe, key: str, text: str) -> bool:
    try:
        return recipes.change(recipe, {key: text}) == recipe
    except BadSetting:
        return False


def _disagreement(recipe: Recipe) -> dict[str, str]:
    """The sentence of `recipe.check` about values that do not go together, by the key that it begins with."""
    try:
        recipes.check(recipe)
    except BadSetting as error:
        key, _, rest = str(error).partition(" ")
        return {key: rest[:1].upper() + rest[1:]}
    return {}


def _all(kind: type, values: Sequence[Any]) -> bool:
    return all(type(value) is kind for value in values)
