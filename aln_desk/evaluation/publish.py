"""An evaluation as a folder: files for programs, every table and figure, the document of results, and a manifest."""

from __future__ import annotations

import hashlib
import importlib
import json
import shlex
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadFile, BadSetting, Stopped
from aln_desk.domain.patient import Patient
from aln_desk.evaluation import csv_files, image_pieces, provenance
from aln_desk.evaluation.document import methods
from aln_desk.evaluation.document.content import Document, FigureBlock, TableBlock
from aln_desk.evaluation.gather import Origin, new_looks
from aln_desk.evaluation.pieces import Piece, made, pieces
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import BY_RULE, Choices, Selection, options
from aln_desk.evaluation.side_by_side import side_by_side
from aln_desk.evaluation.staging import MANIFEST, published, staged
from aln_desk.evaluation.study import Drawn, NothingToShow, Study
from aln_desk.evaluation.tables.table import Table, to_csv, to_html, to_latex
from aln_desk.io.atomic import write_bytes, write_text
from aln_desk.io.project import Project

FORMAT = 1
CSV, DOCUMENT = "csv", "document"
"""Parts that are no single table or figure: the files for programs, and the document with all of its pieces."""
_SHARED = (
    "fontTools.subset",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_pdf",
    "matplotlib.backends.backend_svg",
    "numpy.random",
    "PIL.PngImagePlugin",
    "scipy.special",
)
"""Modules that many pieces need and that take long to load."""

Block = TableBlock | FigureBlock


def publish(
    project: Project,
    results: Results,
    out: Path,
    *,
    parts: Sequence[str] = (),
    choices: Choices = BY_RULE,
    everyone: Sequence[Patient] | None = None,
    by: Origin = "command",
    processes: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    left_out: Callable[[str], None] = lambda sentence: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Write everything into the folder ``out``, which is made, and name the files.

    ``parts`` are keys of pieces (``table_2``; ``figure_4`` means those of all cohorts), `CSV` or `DOCUMENT`; none: all.
    What the project has not what it takes is left out, and ``left_out`` is told why, as are document and manifest. The
    same project, results, choices and versions give the same bytes, by however many ``processes``. What an older
    publication left in ``out`` beyond the new files is removed, unless ``parts`` are asked for. ``everyone`` are the
    project's patients, where they are at hand. That tests were looked at is recorded with the last step, as ``by``
    whom.

    Raises `BadSetting` as `check` does, `BadFile` where ``out`` cannot be written, and `Stopped` soon
    after ``should_stop`` says so; ``out`` and project are then as they were.
    """
    study = Study(project, results, choices, should_stop, new_looks(project, results, by), everyone)
    chosen, earlier = _checked(study, parts), published(out) if parts else []
    _check_out(project, out)
    with staged(out, earlier, project.adding_looks(study.fresh)) as stage:
        work = _Work(study, stage, tuple(parts), chosen, tuple(map(str, earlier)), left_out)
        for done, total in work.done(processes):
            progress(done, total)
    return [out / name for name in work.names]


def check(project: Project, results: Results, parts: Sequence[str], choices: Choices) -> None:
    """Raise `BadSetting` for an unknown part or patient, for chosen scorers that are not among the results, and for
    models whose findings on images a figure is to show and which are not kept.
    """
    _checked(Study(project, results, choices), parts)


def command(name: str, selection: Selection, parts: Sequence[str], choices: Choices) -> str:
    """The command line that makes the same of the project in the folder ``name``."""
    words = ["aln-desk", "evaluate", name, "--out", "results", *(["--parts", *parts] if parts else [])]
    return shlex.join([*words, *options(selection, choices)])


@dataclass(frozen=True, slots=True, eq=False)
class _Made:
    """What came of one work: the ``names`` of the files it wrote; of a piece its block, or the ``reason`` why none."""

    key: str = ""
    label: str = ""
    block: Block | None = None
    names: list[str] = field(default_factory=list)
    reason: str = ""


@dataclass(eq=False)
class _Work:
    """What is to be made, step by step, in a folder; ``names`` of files are kept as they come."""

    study: Study
    folder: Path
    parts: tuple[str, ...]
    chosen: list[Piece]
    earlier: tuple[str, ...]
    tell: Callable[[str], None]
    names: list[str] = field(default_factory=list)
    blocks: dict[str, Block] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)

    def done(self, processes: int) -> Iterator[tuple[int, int]]:
        """Do it all; how many steps of how many are done, after each. A step takes a second or so."""
        together = [self._tables_together, *([self._page, self._pdf] if self._wanted(DOCUMENT) else []), self._manifest]
        works: dict[str, Callable[[], _Made]] = {CSV: self._csv} if self._wanted(CSV) else {}
        works |= {piece.key: partial(self._piece, piece) for piece in self.chosen}
        total = len(works) + len(together)
        yield 0, total
        for number in self._apart(works, processes):
            yield number, total
        for number, step in enumerate(together, len(works) + 1):
            self._go_on()
            step()
            yield number, total

    def _apart(self, works: Mapping[str, Callable[[], _Made]], processes: int) -> Iterator[int]:
        """Do what can be done side by side and keep it in its order; how many works are done, after each."""
        started = sorted(works, key=lambda key: key.startswith("table"))  # what takes long comes first
        if min(processes, len(works)) > 1:
            self._make_ready()
        came: dict[str, _Made] = {}
        for key, one in zip(
            started, side_by_side([works[key] for key in started], processes, self._go_on), strict=True
        ):
            came[key] = one
            yield len(came)
        for key in works:
            self._keep(came[key])

    def _wanted(self, part: str) -> bool:
        return not self.parts or part in self.parts

    def _go_on(self) -> None:
        if self.study.should_stop():
            raise Stopped("Stopped; nothing was written.")

    def _make_ready(self) -> None:
        """What every copy of this process would read and load again."""
        for name in _SHARED:
            importlib.import_module(name)
        self.study.read()

    def _keep(self, one: _Made) -> None:
        self.names += one.names
        if one.block is not None:
            self.blocks[one.key] = one.block
        if one.reason:
            self.left_out[one.label] = one.reason
            self.tell(f"{one.label} is left out: {one.reason}")

    @property
    def _command(self) -> str:
        study = self.study
        return command(study.project.name, study.results.selection, self.parts, study.choices)

    def _csv(self) -> _Made:
        return _Made(names=self._named(csv_files.write(self.study, self.folder)))

    def _piece(self, piece: Piece) -> _Made:
        try:
            found = made(piece, self.study)
        except NothingToShow as reason:
            return _Made(piece.key, piece.label, reason=str(reason))
        source = f"Made by the command of section Reproduction with --parts {piece.key}."
        if isinstance(found, Table):
            return _Made(piece.key, piece.label, TableBlock(found, source), self._table(found))
        return _Made(piece.key, piece.label, *self._figure(piece, found, source))

    def _table(self, table: Table) -> list[str]:
        page = self._standing_alone(table.caption, to_html(table))
        texts = {"csv": to_csv(table), "html": page, "tex": to_latex(table)}
        return [self._text(f"tables/{table.key}.{kind}", text) for kind, text in texts.items()]

    def _figure(self, piece: Piece, drawn: Drawn, source: str) -> tuple[FigureBlock, list[str]]:
        from aln_desk.evaluation import figures

        stem = self.folder / "figures" / piece.key
        stem.parent.mkdir(exist_ok=True)
        written = figures.write(drawn.figure, stem)
        svg = next(path for path in written if path.suffix == ".svg").read_bytes()
        block = FigureBlock(piece.key, piece.label, drawn.title, drawn.legend, source, drawn.figure, svg)
        return block, self._named(written)

    def _tables_together(self) -> None:
        """All tables on one page, to be pasted into a word processor."""
        tables = [to_html(block.table) for block in self.blocks.values() if isinstance(block, TableBlock)]
        if tables:
            body = "<p>&nbsp;</p>\n".join(tables)
            self.names.append(
                self._text("tables.html", self._standing_alone(f"Tables: {self.study.project.name}", body))
            )

    def _standing_alone(self, title: str, body: str) -> str:
        """A page of its own, which says what it is not for."""
        from html import escape

        from aln_desk.evaluation.document.compose import notices

        told = "".join(f"<p>{escape(notice)}</p>\n" for notice in notices(self.study))
        head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
        return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}{told}</body></html>\n'

    def _page(self) -> None:
        from aln_desk.evaluation.document.html import to_page

        self.names.append(self._text("results.html", to_page(self._document)))

    def _pdf(self) -> None:
        from aln_desk.evaluation.document.pdf import to_pdf

        write_bytes(self.folder / "results.pdf", to_pdf(self._document))
        self.names.append("results.pdf")

    @cached_property
    def _document(self) -> Document:
        from aln_desk.evaluation.document.compose import Made, compose

        return compose(self.study, Made(self.blocks, self.left_out, self._command))

    def _manifest(self) -> None:
        record = {
            "format": FORMAT,
            "command": self._command,
            **_inputs(self.study),
            "versions": methods.versions(),
            "left_out": self.left_out,
            "problems": self.study.results.problems,
            **(
                {"earlier": sorted({Path(name).as_posix() for name in self.earlier} - {*self.names, MANIFEST})}
                if self.parts
                else {}
            ),
            "files": {name: _digest(self.folder / name) for name in sorted(self.names)},
        }
        self.names.append(self._text(MANIFEST, json.dumps(record, ensure_ascii=False, indent=2) + "\n"))

    def _text(self, name: str, text: str) -> str:
        """The name, once written."""
        (self.folder / name).parent.mkdir(exist_ok=True)
        write_text(self.folder / name, text)
        return name

    def _named(self, paths: Sequence[Path]) -> list[str]:
        return [path.relative_to(self.folder).as_posix() for path in paths]


def _checked(study: Study, parts: Sequence[str]) -> list[Piece]:
    """The pieces asked for, of a study whose choices can be shown. Raises `BadSetting`, see `check`."""
    _check_patients(study)
    _check_scorers(study)
    return _chosen(study, parts)


def _chosen(study: Study, parts: Sequence[str]) -> list[Piece]:
    """The pieces asked for. The document alone shows all of them."""
    known = pieces(study)
    families = {piece.key: {piece.key, piece.key.rstrip("abcdefghijklmnopqrstuvwxyz")} for piece in known}
    names = {CSV, DOCUMENT}.union(*families.values())
    for part in parts:
        if part not in names:
            raise BadSetting(f"There is no part '{part}'. There are: {', '.join([CSV, DOCUMENT, *families])}.")
    if not parts or DOCUMENT in parts:
        return known
    return [piece for piece in known if families[piece.key] & set(parts)]


def _check_patients(study: Study) -> None:
    known = {one.id for one in study.patients} if study.choices.patients else ()
    for name in study.choices.patients:
        if name not in known:
            raise BadSetting(f"There is no patient '{name}' in the project, so no case sheet. Check the name.")


def _check_scorers(study: Study) -> None:
    choices, compared = study.choices, {one.key: one.name for one in study.results.scorers}
    models = [key for key in (choices.cases_by, *choices.beside) if key]
    for key in (*models, choices.subgroups_of):
        if key and key not in compared:
            names = ", ".join(compared.values())
            raise BadSetting(f"A figure is to show {key}, which is not compared. Choose of {names}, or compare it too.")
    if choices.beside and len(set(choices.beside)) != 2:
        raise BadSetting("Figure S1 shows two models side by side. Choose two different ones.")
    for key in models:
        try:
            image_pieces.model_of(study, key)
        except NothingToShow as reason:
            raise BadSetting(str(reason)) from reason


def _check_out(project: Project, out: Path) -> None:
    """A model's own manifest has the name of ours."""
    for folder in (project.models, project.runs, project.predictions):
        if out.resolve().is_relative_to(folder.resolve()):
            raise BadFile(out, "the project keeps its own files here", "Choose another folder for the results")


def _inputs(study: Study) -> Mapping[str, Any]:
    """What everything was made from."""
    results, patients = study.results, study.patients
    return {
        "project": study.project.name,
        "simulated": study.project.simulated,
        "selection": {
            "scorers": results.selection.scorers,
            "cohorts": results.selection.cohorts,
            "filters": [one.text for one in results.selection.filters],
            "threshold": results.selection.rule.text,
            **asdict(study.choices),
        },
        "scorers": [
            {
                "key": one.scorer.key,
                "name": one.scorer.name,
                "kind": one.scorer.kind,
                "source": one.scorer.source,
                "simulated": one.simulated,
            }
            for one in study.records
        ],
        "data": {cohort.name: study.digests[cohort.name] for cohort in study.cohorts},
        "images": {one.scorer.key: provenance.image_digest(one, patients) for one in study.with_findings},
        "looks": len(study.looks),
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
