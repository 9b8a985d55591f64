"""An evaluation as a folder: the files for programs, every table and figure, the document of results, and a manifest.

Everything is made beside first and takes its place when all of it is whole, so that a failure or a stop leaves the old
folder as it was. Files of others in the folder stay.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import shlex
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadFile, BadSetting, Stopped
from aln_desk.evaluation import csv_files, provenance
from aln_desk.evaluation.document import methods
from aln_desk.evaluation.document.content import FigureBlock, TableBlock
from aln_desk.evaluation.pieces import Piece, made, pieces
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.selection import Selection
from aln_desk.evaluation.study import Drawn, NothingToShow, Study
from aln_desk.evaluation.tables.table import Table, to_csv, to_html, to_latex
from aln_desk.io.atomic import write_bytes, write_text
from aln_desk.io.project import Project

MANIFEST = "manifest.json"
FORMAT = 1
CSV, DOCUMENT = "csv", "document"
"""Parts that are no single table or figure: the files for programs, and the document with all of its pieces."""
_STAGE = ".aln-"

Block = TableBlock | FigureBlock


def publish(
    project: Project,
    results: Results,
    out: Path,
    *,
    parts: Sequence[str] = (),
    patients: Sequence[str] = (),
    progress: Callable[[int, int], None] = lambda done, total: None,
    left_out: Callable[[str], None] = lambda sentence: None,
    should_stop: Callable[[], bool] = lambda: False,
) -> list[Path]:
    """Write everything into the folder ``out``, which is made, and name the files.

    ``parts`` are keys of pieces (``table_2``; ``figure_4`` means those of all cohorts), `CSV` or `DOCUMENT`; none:
    all. ``patients`` are shown as cases instead of those chosen by rule. What the project has not what it takes is left
    out, and ``left_out`` is told why, as are document and manifest. The same project, results and versions give the
    same bytes. What an older publication left in ``out`` beyond the new files is removed, unless ``parts`` are asked
    for.

    Raises `BadSetting` for an unknown part or patient, `BadFile` where ``out`` cannot be written, and `Stopped` soon
    after ``should_stop`` says so; ``out`` is then as it was.
    """
    study = Study(project, results, tuple(patients), should_stop)
    chosen, earlier = _chosen(study, parts), _published(out) if parts else []
    _check_patients(study)
    _check_out(project, out)
    with _staged(out, earlier) as stage:
        work = _Work(study, stage, tuple(parts), chosen, tuple(map(str, earlier)), left_out)
        for done, step in enumerate(steps := list(work.steps())):
            if should_stop():
                raise Stopped("Stopped; nothing was written.")
            progress(done, len(steps))
            step()
        progress(len(steps), len(steps))
    return [out / name for name in work.names]


def check(project: Project, results: Results, parts: Sequence[str], patients: Sequence[str] = ()) -> None:
    """Raise `BadSetting` for a part or a patient that `publish` would not know."""
    study = Study(project, results, tuple(patients))
    _chosen(study, parts)
    _check_patients(study)


def command(name: str, selection: Selection, parts: Sequence[str] = (), patients: Sequence[str] = ()) -> str:
    """The command line that makes the same of the project in the folder ``name``."""
    words = ["aln-desk", "evaluate", name, "--out", "results", f"--threshold={selection.rule.text}"]
    words += [f"--cohort={cohort}" for cohort in selection.cohorts]
    words += ["--where", *(one.text for one in selection.filters)] if selection.filters else []
    words += ["--patients", *patients] if patients else []
    words += ["--parts", *parts] if parts else []
    return shlex.join([*words, "--runs", *selection.scorers])


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

    def steps(self) -> Iterator[Callable[[], None]]:
        """Each takes a second or so."""
        if not self.parts or CSV in self.parts:
            yield self._csv
        for piece in self.chosen:
            yield lambda piece=piece: self._piece(piece)  # type: ignore[misc]
        yield self._tables_together
        if not self.parts or DOCUMENT in self.parts:
            yield self._page
            yield self._pdf
        yield self._manifest

    @property
    def _command(self) -> str:
        return command(self.study.project.name, self.study.results.selection, self.parts, self.study.by_hand)

    def _csv(self) -> None:
        self._wrote(csv_files.write(self.study.project, self.study.results, self.folder))

    def _piece(self, piece: Piece) -> None:
        try:
            found = made(piece, self.study)
        except NothingToShow as reason:
            self.left_out[piece.label] = str(reason)
            self.tell(f"{piece.label} is left out: {reason}")
            return
        source = f"Made by the command of section Reproduction with --parts {piece.key}."
        if isinstance(found, Table):
            self._table(found)
            self.blocks[piece.key] = TableBlock(found, source)
        else:
            self.blocks[piece.key] = self._figure(piece, found, source)

    def _table(self, table: Table) -> None:
        self._text(f"tables/{table.key}.csv", to_csv(table))
        self._text(f"tables/{table.key}.html", self._standing_alone(table.caption, to_html(table)))
        self._text(f"tables/{table.key}.tex", to_latex(table))

    def _figure(self, piece: Piece, drawn: Drawn, source: str) -> FigureBlock:
        from aln_desk.evaluation import figures

        stem = self.folder / "figures" / piece.key
        stem.parent.mkdir(exist_ok=True)
        written = figures.write(drawn.figure, stem)
        self._wrote(written)
        svg = next(path for path in written if path.suffix == ".svg").read_bytes()
        return FigureBlock(piece.key, piece.label, drawn.title, drawn.legend, source, drawn.figure, svg)

    def _tables_together(self) -> None:
        """All tables on one page, to be pasted into a word processor."""
        tables = [to_html(block.table) for block in self.blocks.values() if isinstance(block, TableBlock)]
        if tables:
            body = "<p>&nbsp;</p>\n".join(tables)
            self._text("tables.html", self._standing_alone(f"Tables: {self.study.project.name}", body))

    def _standing_alone(self, title: str, body: str) -> str:
        """A page of its own, which says what it is not for."""
        from html import escape

        from aln_desk.evaluation.document.compose import notices

        told = "".join(f"<p>{escape(notice)}</p>\n" for notice in notices(self.study))
        head = f'<meta charset="utf-8"><title>{escape(title)}</title>'
        return f'<!DOCTYPE html>\n<html lang="en"><head>{head}</head><body>\n{body}{told}</body></html>\n'

    def _page(self) -> None:
        from aln_desk.evaluation.document.html import to_page

        self._text("results.html", to_page(self._composed()))

    def _pdf(self) -> None:
        from aln_desk.evaluation.document.pdf import to_pdf

        write_bytes(self.folder / "results.pdf", to_pdf(self._composed()))
        self._wrote([self.folder / "results.pdf"])

    def _composed(self) -> Any:
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
        self._text(MANIFEST, json.dumps(record, ensure_ascii=False, indent=2) + "\n")

    def _text(self, name: str, text: str) -> None:
        (self.folder / name).parent.mkdir(exist_ok=True)
        write_text(self.folder / name, text)
        self.names.append(name)

    def _wrote(self, paths: Sequence[Path]) -> None:
        self.names += [path.relative_to(self.folder).as_posix() for path in paths]


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
    known = {one.id for one in study.patients} if study.by_hand else ()
    for name in study.by_hand:
        if name not in known:
            raise BadSetting(f"There is no patient '{name}' in the project, so no case sheet. Check the name.")


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
            "patients": study.by_hand,
        },
        "scorers": [
            {"key": one.scorer.key, "name": one.scorer.name, "kind": one.scorer.kind, "source": one.scorer.source}
            for one in study.records
        ],
        "data": {
            cohort.name: provenance.data_digest(one for one in patients if one.cohort == cohort.name)
            for cohort in study.cohorts
        },
        "images": {one.scorer.key: provenance.image_digest(one, patients) for one in study.readers_of_images},
        "looks": len(study.project.looks()),
    }


@contextmanager
def _staged(out: Path, kept: Sequence[Path]) -> Iterator[Path]:
    """A folder to write into, whose files then take their places in ``out``; nothing of it stays where that fails.

    Of an older publication's files those ``kept`` stay.
    """
    stage = out / f"{_STAGE}{secrets.token_hex(8)}"
    had = out.exists()
    try:
        try:
            stage.mkdir(parents=True)
        except OSError as error:
            raise _refused(out, error) from error
        yield stage
        _replace(stage, out, [name for name in _published(out) if name not in kept])
    finally:
        shutil.rmtree(stage, ignore_errors=True)
        if not had:
            with suppress(OSError):  # it holds what was published
                out.rmdir()


def _replace(stage: Path, out: Path, old: Sequence[Path]) -> None:
    """Move every file of the stage to its place and remove those ``old`` ones that have no successor.

    The manifest goes last. Where a file cannot be replaced, those before it are put back.
    """
    fresh = sorted(
        (path.relative_to(stage) for path in stage.rglob("*") if path.is_file()), key=lambda name: str(name) == MANIFEST
    )
    kept = stage / ".old"
    done: list[Path] = []
    stale = [name for name in old if name not in set(fresh)]
    try:
        for name in [*stale, *fresh]:
            done.append(name)
            if (out / name).is_file():
                (kept / name).parent.mkdir(parents=True, exist_ok=True)
                (out / name).replace(kept / name)
            if name not in stale:
                (out / name).parent.mkdir(parents=True, exist_ok=True)
                (stage / name).replace(out / name)
    except OSError as error:
        _put_back(done, kept, out)
        raise _refused(out, error) from error


def _put_back(names: Sequence[Path], kept: Path, out: Path) -> None:
    for name in reversed(names):
        with suppress(OSError):
            if (kept / name).is_file():
                (kept / name).replace(out / name)
            else:
                (out / name).unlink(missing_ok=True)


def _published(out: Path) -> list[Path]:
    """Files that an older publication says it wrote, as paths within ``out``; none without its manifest."""
    try:
        record = json.loads((out / MANIFEST).read_text(encoding="utf-8"))
        names = [Path(str(name)) for name in (*record["files"], *record.get("earlier", ()))]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return []
    return [name for name in names if not name.is_absolute() and ".." not in name.parts]


def _refused(out: Path, error: OSError) -> BadFile:
    what = f"the results cannot be written ({error.strerror or error})"
    named = [name for name in (error.filename2, error.filename) if name and _STAGE not in str(name)]
    return BadFile(
        named[0] if named else out, what, "Close programs that use it, or choose another folder; it is unchanged"
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
