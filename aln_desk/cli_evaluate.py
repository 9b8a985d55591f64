"""`aln-desk evaluate` and `aln-desk import-scores`: who is compared on whom, and where the figures go."""

from __future__ import annotations

import argparse
import gc
import math
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aln_desk.cli_output import Output
from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.messages import Note, Progress

if TYPE_CHECKING:
    from aln_desk.domain.patient import Patient
    from aln_desk.domain.scorer import Scorer
    from aln_desk.evaluation.gather import Gathered
    from aln_desk.evaluation.results import Results
    from aln_desk.evaluation.selection import Choices, Filter, Selection
    from aln_desk.io.project import Project
    from aln_desk.io.runs import Run


def evaluate(options: argparse.Namespace) -> int:
    """Compare the scorers asked for on the cohorts asked for, publish it all and print the AUCs; 130 when stopped."""
    from aln_desk.io.project import Project

    with Output(options.events, options.stop_with_stdin) as output, Project.open(options.project) as project:
        try:
            results, written = _evaluated(project, options, output)
        except Stopped as stopped:
            output.finished(stopped=True)
            output.say(str(stopped))
            return 130
        finally:
            gc.unfreeze()
        looks = {cohort.name: len(project.looks(cohort.name)) for cohort in results.cohorts}
        _print(results, looks, output)
        output.finished()
    files = "1 file" if len(written) == 1 else f"{len(written)} files"
    output.say(f"{files} written to {options.out}. Research use only. Not a medical device.")
    return 0


def import_scores(options: argparse.Namespace) -> int:
    """Keep another program's scores in the project, or forget them."""
    from aln_desk.io.project import Project
    from aln_desk.io.scores import remove_import

    if (options.file is None) == (not options.remove):
        raise BadSetting("Name a file of scores to import, or with --remove the scores to forget.")
    with Project.open(options.project) as project:
        if options.remove:
            remove_import(project, options.name)
            print(f"The scores '{options.name}' are forgotten.")
        else:
            _, sentence = _import(project, options.file, options.name, options.threshold, not options.no_probabilities)
            print(sentence)
    return 0


def add_evaluate(command: argparse.ArgumentParser) -> None:
    """The options of `evaluate`."""
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")
    command.add_argument(
        "--runs",
        nargs="+",
        action="extend",
        default=[],
        metavar="RUN_OR_MODEL",
        help="runs, models (name or digest) and imports to compare, in this order (default: all that have scores)",
    )
    command.add_argument("--cohorts", default="", metavar="A,B", help="where (default: all cohorts with outcomes)")
    command.add_argument("--cohort", action="append", default=[], help="one cohort, whose name may hold commas")
    command.add_argument(
        "--where",
        nargs="+",
        action="extend",
        default=[],
        metavar="VARIABLE=A,B",
        help="only patients whose clinical variable, 'hospital' or 'node image' (with, without) is one of these",
    )
    command.add_argument(
        "--threshold",
        default="frozen",
        metavar="RULE",
        help="frozen (with the model; default), youden, sensitivity:0.95, or a number such as 0.4",
    )
    command.add_argument(
        "--scores", action="append", default=[], metavar="NAME=FILE", help="import these scores first (patient,score)"
    )
    command.add_argument("--readers", action="store_true", help="the readers' judgements too")
    command.add_argument("--out", type=Path, required=True, metavar="DIR", help="where tables and figures go")
    command.add_argument(
        "--parts",
        nargs="+",
        action="extend",
        default=[],
        metavar="PART",
        help="only these: csv, document, or tables and figures by key, such as table_2 or figure_3a (default: all)",
    )
    command.add_argument(
        "--patients",
        nargs="+",
        action="extend",
        default=[],
        metavar="PATIENT",
        help="whom the case sheets of their cohorts show (default: of each cell of the confusion matrix the one of "
        "median score)",
    )
    command.add_argument(
        "--cases-by", default="", metavar="MODEL", help="whose cases figure 4 shows (default: the first)"
    )
    command.add_argument(
        "--beside",
        nargs=2,
        default=[],
        metavar=("LEFT", "RIGHT"),
        help="the two models of figure S1 (default: one that learnt the status alone, and the first other)",
    )
    command.add_argument(
        "--subgroups-of",
        default="",
        metavar="RUN_OR_MODEL",
        help="whose AUC figure S5 and table S6 show in subgroups (default: the first)",
    )
    command.add_argument(
        "--holm", action="store_true", help="correct the p of figure 1 for the number of pairs that are compared"
    )
    command.add_argument(
        "--shown",
        action="store_true",
        help="the window shows these figures: no second look at test data (for programs)",
    )
    command.add_argument("--events", action="store_true", help="one JSON event a line, no progress bar")
    command.add_argument(
        "--stop-with-stdin", action="store_true", help="stop cleanly when standard input closes (for programs)"
    )


def add_import_scores(command: argparse.ArgumentParser) -> None:
    """The options of `import-scores`."""
    command.add_argument("project", type=Path, metavar="PROJECT", help="project folder")
    command.add_argument("file", type=Path, nargs="?", metavar="FILE", help="CSV with the columns patient and score")
    command.add_argument("--name", required=True, help="what these scores are called; older ones are replaced")
    command.add_argument("--remove", action="store_true", help="forget the scores of that name instead")
    command.add_argument(
        "--threshold", type=_number, default=math.nan, metavar="T", help="score from which a patient is positive"
    )
    command.add_argument("--no-probabilities", action="store_true", help="the scores only rank the patients")


def _number(text: str) -> float:
    """A threshold that was typed, which must be one. Raises `BadSetting`."""
    with suppress(ValueError):
        if math.isfinite(value := float(text)):
            return value
    raise BadSetting(f"--threshold {text}: write a number, such as 0.5, or leave it out where there is none.")


def _import(
    project: Project, file: Path, name: str, threshold: float = math.nan, probability: bool = True
) -> tuple[str, str]:
    """The key of the new scores, and the sentence that says they are kept."""
    from aln_desk.io.scores import import_scores

    found = import_scores(project, file, name, threshold, probability)
    for problem in found.problems:
        print(f"{file}: {problem}", file=sys.stderr)
    scores = "1 score" if found.patients == 1 else f"{found.patients} scores"
    return found.key, f"{file}: {scores} kept as '{name}'."


def _evaluated(project: Project, options: argparse.Namespace, output: Output) -> tuple[Results, list[Path]]:
    """What was asked for, and the files it was written to. Where anything fails the project is as it was."""
    from aln_desk.evaluation.gather import gather
    from aln_desk.evaluation.publish import check
    from aln_desk.evaluation.results import work_out
    from aln_desk.io.scores import undone_on_failure

    with undone_on_failure(project) if options.scores else nullcontext():
        imported = [_import(project, Path(file), name) for name, file in map(_named_file, options.scores)]
        with _loading():
            gathered = gather(project)
        selection = _selection(options, project, gathered, [key for key, _ in imported])
        results = work_out(selection, gathered.scorers, gathered.cohorts, gathered.patients)
        choices = _choices(options, project, gathered)
        check(project, results, options.parts, choices)
        for problem in results.problems:
            output.emit(Note(problem))
        written = _write(project, results, choices, gathered.patients, options, output)
    for _, sentence in imported:
        output.say(sentence)
    return results, written


@contextmanager
def _loading() -> Iterator[None]:
    """What is loaded here, very many objects, stays: Python is not to search it for rubbish now, nor until unfrozen."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def _selection(options: argparse.Namespace, project: Project, gathered: Gathered, imported: Sequence[str]) -> Selection:
    from aln_desk.evaluation.selection import Selection, rule_of

    asked = [_key(name, project, gathered.scorers) for name in options.runs]
    readers = [one.key for one in gathered.scorers if one.kind == "reader" and options.readers]
    keys = dict.fromkeys((*(asked or gathered.selection().scorers), *imported, *readers))
    if not keys:
        raise BadProject(_nothing_read(project))
    filters = tuple(_filter(text, gathered) for text in options.where)
    return Selection(tuple(keys), _cohorts(options, gathered), filters, rule_of(options.threshold))


def _choices(options: argparse.Namespace, project: Project, gathered: Gathered) -> Choices:
    from aln_desk.evaluation.selection import Choices

    def key(asked: str) -> str:
        return _key(asked, project, gathered.scorers) if asked else ""

    beside = (key(options.beside[0]), key(options.beside[1])) if options.beside else ()
    return Choices(tuple(options.patients), key(options.cases_by), beside, key(options.subgroups_of), options.holm)


def _key(asked: str, project: Project, scorers: Sequence[Scorer]) -> str:
    """Whose scores are meant: by key, by name, by the run that made the model, or by the start of its digest."""
    from aln_desk.io.runs import read_runs

    runs = read_runs(project.runs)
    meant = [run for run in runs if run.name == asked] or [run for run in runs if run.label == asked]
    if len({run.digest for run in meant}) > 1:
        raise BadSetting(
            f"Several runs are called '{asked}': {', '.join(run.name for run in meant)}. Name one of these."
        )
    if meant:
        return _key_of_run(meant[0], project, scorers)
    named = [one.key for one in scorers if asked in (one.key, one.name)]
    begun = [one.key for one in scorers if one.kind == "model" and one.key.startswith(asked)]
    if found := named or (begun if len(begun) == 1 else []):
        return found[0]
    if (project.models / asked / "manifest.json").is_file():
        raise BadProject(_unread(f"Model {asked}", asked, project))
    known = [*(one.name for one in scorers), *(run.name for run in runs)]
    raise BadSetting(f"There is no run or model '{asked}'. There are: {', '.join(dict.fromkeys(known)) or 'none'}.")


def _key_of_run(run: Run, project: Project, scorers: Sequence[Scorer]) -> str:
    from aln_desk.io.runs import state_of

    if not run.digest:
        raise BadProject(f"Run {run.name} has made no model ({state_of(run)}). Resume it, or choose another.")
    if run.digest not in {one.key for one in scorers}:
        raise BadProject(_unread(f"The model of run {run.name}", run.digest, project))
    return run.digest


def _unread(who: str, digest: str, project: Project) -> str:
    folders = [project.models / digest, *(one.folder for one in project.adoptions() if one.digest == digest)]
    if not any((folder / "manifest.json").is_file() for folder in folders):
        return (
            f"{who} has given no verdicts in this project and is gone: {folders[0]} does not exist. Put the folder "
            "back, or train it again."
        )
    command = f"aln-desk predict {project.folder} --model {digest}"
    return f"{who} has given no verdicts in this project. Run: {command}"


def _nothing_read(project: Project) -> str:
    from aln_desk.io.predictions import INSTANCES_FILE

    if (project.predictions / INSTANCES_FILE).exists():
        return (
            f"{project.folder}: the model that read this project has no stage 2, so there are masks and no verdicts; "
            "train one with `aln-desk train mil`, adopt it and run `aln-desk predict` again."
        )
    return f"{project.folder}: no patient has been read by a model yet; run `aln-desk predict` on it first."


def _cohorts(options: argparse.Namespace, gathered: Gathered) -> tuple[str, ...]:
    asked = [*(name.strip() for name in options.cohorts.split(",") if name.strip()), *options.cohort]
    known = [cohort.name for cohort in gathered.cohorts]
    for name in asked:
        _check("cohort", name, known)
    return tuple(dict.fromkeys(asked)) or tuple(cohort.name for cohort in gathered.cohorts_with_outcomes())


def _filter(text: str, gathered: Gathered) -> Filter:
    from aln_desk.evaluation.selection import HOSPITAL, NODE_IMAGE, filter_of, value_of

    found = filter_of(text)
    clinical = {name for patient in gathered.patients for name in patient.clinical}
    _check("variable", found.variable, [NODE_IMAGE, HOSPITAL, *sorted(clinical)])
    known = {value_of(patient, found.variable) for patient in gathered.patients}
    for value in sorted(found.values):
        _check(f"{found.variable} of", value, sorted(known))
    return found


def _check(kind: str, name: str, known: Iterable[str]) -> None:
    if name not in known:
        raise BadSetting(f"There is no {kind} '{name}'. There are: {', '.join(known) or 'none'}.")


def _named_file(text: str) -> tuple[str, str]:
    name, equals, file = text.partition("=")
    if not equals or not name.strip() or not file:
        raise BadSetting(f"--scores {text}: write NAME=FILE, such as --scores Radiomics=scores.csv.")
    return name, file


def _write(
    project: Project,
    results: Results,
    choices: Choices,
    patients: Sequence[Patient],
    options: argparse.Namespace,
    output: Output,
) -> list[Path]:
    """Everything that an evaluation leaves behind."""
    from aln_desk.evaluation.publish import publish
    from aln_desk.evaluation.side_by_side import processors

    return publish(
        project,
        results,
        options.out,
        parts=options.parts,
        choices=choices,
        everyone=patients,
        by="export" if options.shown else "command",
        processes=processors(),
        progress=lambda done, total: output.emit(Progress("evaluate", done, total)),
        left_out=lambda sentence: output.emit(Note(sentence)) if options.parts else None,
        should_stop=output.should_stop,
    )


def _print(results: Results, looks: dict[str, int], output: Output) -> None:
    if not results.cohorts:
        output.emit(Note("No patient has an outcome yet, so there is nothing to compare the verdicts with."))
    output.say(f"{'scores':24} {'cohort':20} {'n':>6} {'positive':>8}  AUC (95 % interval)")
    for part in results.parts.values():
        auc = f"{part.auc:.3f}" if part.auc == part.auc else "not defined"
        auc += f" ({part.low:.3f} to {part.high:.3f})" if part.low == part.low else ""
        output.say(f"{part.scorer.name:24} {part.cohort:20} {len(part.patients):6d} {part.positive:8d}  {auc}")
    seen = ", ".join(f"{name} {count}" for name, count in looks.items() if count)
    if seen:
        output.say(f"How often test data were looked at so far: {seen}.")
