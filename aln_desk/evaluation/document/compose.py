"""The document of results, put together from its pieces and from what the project knows."""

from __future__ import annotations

import math
import string
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from aln_desk.domain import verdict
from aln_desk.domain.patient import Role
from aln_desk.evaluation.document import methods
from aln_desk.evaluation.document.checklist import listing
from aln_desk.evaluation.document.citations import numbered
from aln_desk.evaluation.document.claim import CLAIM
from aln_desk.evaluation.document.content import (
    Block,
    Document,
    FigureBlock,
    Listing,
    Paragraph,
    Section,
    TableBlock,
)
from aln_desk.evaluation.document.data import cohorts_listing, looks_listing, looks_sentence, models_listing
from aln_desk.evaluation.document.tripod import DATA, GAPS, LOOKS, METHODS, MODELS, REPRODUCTION, RESULTS, TRIPOD_AI
from aln_desk.evaluation.results import Part
from aln_desk.evaluation.study import Study
from aln_desk.evaluation.tables import words

RESEARCH_ONLY = "For research use only. Not a medical device."
SIMULATED = "The patients of this project are simulated: no figure here says anything about real patients."

_LEARNED_FROM = "This cohort is for learning: a model that learned from it does better here than on new patients."

_DATA_PIECES = ("figure_s2", "table_s7", "table_1", "table_s1")
_PARTS = {
    "Discrimination": ("table_2", "figure_1", "table_s5", "figure_2", "figure_3"),
    "Calibration": ("figure_s4", "table_s4"),
    "Subgroups": ("figure_s5", "table_s6"),
    "Cases and evidence": ("figure_4", "figure_s1"),
    "Segmentation": ("table_s2",),
    "Clinical variables": ("table_s3", "figure_s3"),
    "Learning": ("figure_s6",),
}
"""Parts of the results, and the keys that their pieces begin with."""


@dataclass(frozen=True, slots=True)
class Made:
    """All that was made: ``blocks`` by key in order, ``left_out`` reasons by label, the ``command`` that makes all."""

    blocks: Mapping[str, TableBlock | FigureBlock]
    left_out: Mapping[str, str]
    command: str


def compose(study: Study, made: Made) -> Document:
    """The whole document; citations are numbered in the order of reading."""
    sections = [
        Section(DATA, (_data_paragraph(study), cohorts_listing(study), *_of(made, _DATA_PIECES))),
        Section(METHODS, (Paragraph(_overview()),)),
        *_methods(study),
        Section(RESULTS, tuple(_prose(study))),
        *_results(made),
        Section(LOOKS, tuple(_looks(study))),
        Section(GAPS, tuple(_gaps(study, made))),
        Section(MODELS, (models_listing(study),)),
        Section(REPRODUCTION, tuple(_reproduction(made))),
        Section("Check lists", (Paragraph(_CHECKLISTS), *_checklists(made))),
    ]
    cited, works = _cited(sections)
    references = tuple(Paragraph(f"{number}. {work}") for number, work in enumerate(works, 1))
    return Document(
        f"Results: {study.project.name}",
        "Axillary lymph node status from B-mode ultrasound",
        notices(study),
        (*cited, Section("References", references)),
    )


def notices(study: Study) -> tuple[str, ...]:
    """What stands on every page of words or tables."""
    told = [RESEARCH_ONLY]
    told += [SIMULATED] if study.project.simulated else []
    of = [one.scorer.name for one in study.records if one.simulated]
    told += [f"{verdict.SIMULATED} This holds for {', '.join(of)}."] if of else []
    return tuple(told)


_CHECKLISTS = (
    "What this document and the project hold for each item; items are told in our own words and keep the numbers of "
    "TRIPOD+AI [@tripod] and CLAIM [@claim]."
)


def _overview() -> str:
    return (
        "The models follow the two-stage framework of Li, Chen et al. [@paper] where nothing else is said: stage 1 "
        "reads single images, stage 2 makes one score for a patient from all of that patient's images. Reporting "
        "follows STARD 2015 [@stard], TRIPOD+AI [@tripod] and CLAIM [@claim]. What follows was written from the "
        "models' own descriptions and the records of their training."
    )


def _data_paragraph(study: Study) -> Paragraph:
    count, known = len(study.patients), sum(one.outcome is not None for one in study.patients)
    names = ", ".join(cohort.name for cohort in study.cohorts)
    return Paragraph(
        f"The project holds {count} patients, {known} with a node status known from pathology; the outcome is of the "
        f"patient, not of single images. A patient is in one cohort only. Evaluated here: {names or 'no cohort'}. A "
        "digest names exactly these patients, outcomes, dates, variables and images; it changes with any of them."
    )


def _methods(study: Study) -> Iterator[Section]:
    yield Section("Models", tuple(Paragraph(methods.model_paragraph(one)) for one in study.records), 2)
    yield Section("Thresholds", (Paragraph(methods.threshold_paragraph(study.results)),), 2)
    yield Section("Statistics", (Paragraph(methods.statistics_paragraph()),), 2)
    yield Section("Software", (Paragraph(methods.software_paragraph()),), 2)


def _prose(study: Study) -> Iterator[Paragraph]:
    """A paragraph for each cohort."""
    for cohort in study.cohorts:
        parts = study.results.of_cohort(cohort.name)
        told = " ".join(_sentence(part) for part in parts)
        if told:
            warning = f" {_LEARNED_FROM}" if cohort.role in (Role.TRAIN, Role.TUNE) else ""
            role = "" if cohort.name.casefold() == cohort.role.value else f" ({cohort.role.value})"
            yield Paragraph(f"{words.level(cohort.name)}{role}. {told}{warning}")
    if not study.cohorts:
        yield Paragraph("No patient has an outcome yet, so there is nothing to compare the scores with.")


def _sentence(part: Part) -> str:
    if not part.patients:
        return f"{part.scorer.name} scored no patient of known outcome."
    who = f"{part.scorer.name} (n = {len(part.patients)}, {part.positive} positive)"
    if math.isnan(part.auc):
        return f"{who}: AUC not defined, {part.reason or 'too few patients'}."
    limits = "not defined" if math.isnan(part.low) else f"{words.number(part.low)}–{words.number(part.high)}"
    told = f"{who} reached an AUC of {words.number(part.auc)} (95 % CI {limits})"
    if part.operating is None:
        return f"{told}; it has no threshold."
    shares = {"sensitivity": part.operating.sensitivity, "specificity": part.operating.specificity}
    figures = [f"{name} {words.interval(one.value, one.low, one.high)}" for name, one in shares.items()]
    left = f"; {len(part.uncertain)} verdicts were left open" if part.uncertain else ""
    return f"{told}, at the threshold {words.number(part.threshold)} {' and '.join(figures)}{left}."


def _results(made: Made) -> Iterator[Section]:
    for title, keys in _PARTS.items():
        blocks = _of(made, keys)
        if blocks:
            yield Section(title, blocks, 2)


def _of(made: Made, keys: Sequence[str]) -> tuple[Block, ...]:
    """The blocks that were made, in the order of the keys; those of one key for several cohorts stand together."""
    return tuple(
        block
        for start in keys
        for key, block in made.blocks.items()
        if start in (key, key.rstrip(string.ascii_lowercase))
    )


def _looks(study: Study) -> Iterator[Block]:
    yield Paragraph(looks_sentence(study))
    found = looks_listing(study)
    if found is not None:
        yield found


def _gaps(study: Study, made: Made) -> Iterator[Block]:
    """What could not be made, what is missing from what was, and why."""
    rows = [(label, reason) for label, reason in made.left_out.items()]
    rows += [("Data", problem) for problem in study.results.problems]
    if rows:
        yield Listing("Parts left out, and data that are missing", ("What", "Why"), tuple(rows), (0.16, 0.84))
    else:
        yield Paragraph("Nothing was left out.")


def _reproduction(made: Made) -> Iterator[Block]:
    yield Paragraph(
        "Everything here is made by one command, on the project whose name stands after 'evaluate'; with the same "
        "project and versions every file comes out the same, byte for byte. A single table or figure is made by "
        "adding --parts and its key:"
    )
    yield Paragraph(made.command, mono=True)
    rows = tuple((_label(block), _files(key, block), f"--parts {key}") for key, block in made.blocks.items())
    yield Listing("Tables and figures", ("Table or figure", "Files", "Option"), rows, (0.2, 0.5, 0.3))


def _files(key: str, block: TableBlock | FigureBlock) -> str:
    return f"tables/{key}.csv, .html, .tex" if isinstance(block, TableBlock) else f"figures/{key}.svg, .pdf, .png"


def _checklists(made: Made) -> Iterator[Listing]:
    labels = {key: _label(block) for key, block in made.blocks.items()}
    yield listing("TRIPOD+AI", TRIPOD_AI, labels)
    yield listing("CLAIM, 2024 update", CLAIM, labels)


def _label(block: TableBlock | FigureBlock) -> str:
    return block.table.label if isinstance(block, TableBlock) else block.label


def _cited(sections: Sequence[Section]) -> tuple[list[Section], list[str]]:
    """The sections with numbers for their citations, and the works in that order."""
    texts = [block.text for section in sections for block in section.blocks if isinstance(block, Paragraph)]
    done, works = numbered(texts)
    fresh = iter(done)
    return [
        replace(
            section,
            blocks=tuple(
                replace(block, text=next(fresh)) if isinstance(block, Paragraph) else block for block in section.blocks
            ),
        )
        for section in sections
    ], works
