"""A publication is whole or not there at all, and the same each time."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import publishable_study
import pytest
from matplotlib.figure import Figure

from aln_desk import cli, cli_output
from aln_desk.domain.errors import BadFile, BadProject, BadSetting, Stopped
from aln_desk.evaluation import figures, publish
from aln_desk.evaluation.gather import gather
from aln_desk.evaluation.image_pieces import overlaps, segmentation
from aln_desk.evaluation.pieces import made, pieces
from aln_desk.evaluation.results import work_out
from aln_desk.evaluation.selection import BY_RULE, Choices, Filter, Selection, ThresholdRule
from aln_desk.evaluation.study import Drawn, NothingToShow, Study
from aln_desk.evaluation.tables.table import Table
from aln_desk.io import atomic
from aln_desk.io.project import Project

MANIFEST = "manifest.json"


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Figures as SVG alone: dots for print take their time."""

    def write(figure: Figure, stem: Path) -> list[Path]:
        path = stem.with_name(f"{stem.name}.svg")
        atomic.write_bytes(path, figures.rendered(figure, "svg"))
        return [path]

    monkeypatch.setattr(figures, "write", write)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("published") / "study"
    publishable_study.make(folder)
    with Project.open(folder) as found:
        yield found


def contents(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def manifest(folder: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    return found


def test_everything_is_there_and_named(project: Project, tmp_path: Path, quick: None) -> None:
    told: list[tuple[int, int]] = []
    out = tmp_path / "deep" / "results"
    written = publish.publish(project, publishable_study.evaluate(project), out, progress=lambda *at: told.append(at))
    found = contents(out)
    assert {path.relative_to(out).as_posix() for path in written} == found.keys()
    assert {
        "metrics.csv", "roc.csv", "segmentation.csv", "tables.html", "results.html", "results.pdf", MANIFEST,
        "tables/table_1.csv", "tables/table_2.html", "tables/table_s6.tex",
        "figures/figure_1.svg", "figures/figure_3c.svg", "figures/figure_4a.svg", "figures/figure_4b.svg",
        "figures/figure_s1.svg", "figures/figure_s2.svg", "figures/figure_s6.svg",
    } <= found.keys()  # fmt: skip
    assert told[0][0] == 0 and told[-1][0] == told[-1][1] == len(told) - 1
    record = manifest(out)
    files = record["files"]
    assert isinstance(files, dict)
    assert files == {name: hashlib.sha256(data).hexdigest() for name, data in found.items() if name != MANIFEST}
    assert record["left_out"] == {"Figure S3": "There is no nomogram: no variable moves the logit."}
    assert b"Figure S3" in found["results.html"] and b"<table" in found["tables.html"]
    assert all(b"Not a medical device." in data for name, data in found.items() if name.endswith(".html"))
    assert list(tmp_path.glob("**/.aln-*")) == []


def test_without_what_a_part_takes_it_is_left_out_and_why(tmp_path: Path, quick: None) -> None:
    publishable_study.make(tmp_path / "study", clinical=False, findings=False)
    with Project.open(tmp_path / "study") as project:
        publish.publish(project, publishable_study.evaluate(project), tmp_path / "out")
    left_out = manifest(tmp_path / "out")["left_out"]
    assert isinstance(left_out, dict)
    assert left_out["Table 1"] == "The project holds no clinical variables."
    assert "aln-desk predict study --model" in left_out["Figure 4A"] and "Figure S1" in left_out
    assert not (tmp_path / "out" / "tables" / "table_1.csv").exists()
    assert "The project holds no clinical variables." in (tmp_path / "out" / "results.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("outcomes", [(), (1,)])
def test_projects_of_no_or_one_outcome_are_published_too(
    tmp_path: Path, quick: None, outcomes: tuple[int, ...]
) -> None:
    publishable_study.make(tmp_path / "study", outcomes, findings=False)
    with Project.open(tmp_path / "study") as project:
        written = publish.publish(project, publishable_study.evaluate(project), tmp_path / "out", parts=["document"])
        nobody = publish.publish(
            project, publishable_study.evaluate(project, ()), tmp_path / "none", parts=["document"]
        )
    assert (tmp_path / "out" / "results.pdf") in written and (tmp_path / "none" / "results.pdf") in nobody
    words = (tmp_path / "out" / "results.html").read_text(encoding="utf-8")
    assert ("No patient has both an outcome and a score." if not outcomes else "one outcome only") in words
    left_out = manifest(tmp_path / "none")["left_out"]
    assert isinstance(left_out, dict)
    assert left_out["Table 2"] == "No cohort with outcomes has been scored."


def test_a_part_alone(project: Project, tmp_path: Path, quick: None) -> None:
    publish.publish(project, publishable_study.evaluate(project), tmp_path / "out", parts=["table_2", "figure_4"])
    assert contents(tmp_path / "out").keys() == {
        "tables/table_2.csv", "tables/table_2.html", "tables/table_2.tex", "tables.html",
        "figures/figure_4a.svg", "figures/figure_4b.svg", MANIFEST,
    }  # fmt: skip


def test_a_part_leaves_an_older_publication_and_all_removes_what_is_old(
    project: Project, tmp_path: Path, quick: None
) -> None:
    out, results = tmp_path / "out", publishable_study.evaluate(project)
    publish.publish(project, results, out, parts=["csv", "table_2"])
    (out / "notes.txt").write_text("mine")
    publish.publish(project, results, out, parts=["table_s5"])
    assert {"metrics.csv", "tables/table_2.csv", "tables/table_s5.csv", "notes.txt"} <= contents(out).keys()
    assert "metrics.csv" in str(manifest(out)["earlier"]) and "metrics.csv" not in str(manifest(out)["files"])
    one = publishable_study.evaluate(project, ("south",))
    publish.publish(project, one, out, parts=["figure_s4"])
    assert (out / "figures" / "figure_s4.svg").exists()
    publish.publish(project, results, out)
    assert not (out / "figures" / "figure_s4.svg").exists() and (out / "figures" / "figure_s4a.svg").exists()
    assert (out / "notes.txt").read_text() == "mine"


def test_an_unknown_part_is_refused_with_those_that_exist(project: Project, tmp_path: Path) -> None:
    with pytest.raises(BadSetting, match=r"no part 'table_9'\. There are: csv, document, figure_s2, table_s7"):
        publish.publish(project, publishable_study.evaluate(project), tmp_path / "out", parts=["table_9"])
    assert not (tmp_path / "out").exists()


def test_cases_by_hand(project: Project, tmp_path: Path, quick: None) -> None:
    results, asked = publishable_study.evaluate(project), Choices(("P26", "P40"))
    publish.publish(project, results, tmp_path / "out", parts=["figure_4"], choices=asked)
    assert "--patients=P26 --patients=P40" in str(manifest(tmp_path / "out")["command"])
    study = publishable_study.study(project, Choices(("P26",)))
    drawn = made(next(piece for piece in pieces(study) if piece.key == "figure_4a"), study)
    assert isinstance(drawn, Drawn)
    assert "chosen by hand" in drawn.legend and "P26" in [text.get_text() for text in drawn.figure.texts]
    other = made(next(piece for piece in pieces(study) if piece.key == "figure_4b"), study)
    assert isinstance(other, Drawn) and "chosen by rule" in other.legend, "a cohort without one chosen by hand"


def test_figure_1_is_corrected_after_holm_where_asked_for(project: Project, tmp_path: Path) -> None:
    results = publishable_study.evaluate(project)
    publish.publish(project, results, tmp_path, parts=["figure_1"], choices=Choices(holm=True))
    kept = manifest(tmp_path)
    assert "--holm" in str(kept["command"]) and kept["selection"]["holm"] is True  # type: ignore[index]
    plain, corrected = (Study(project, results, Choices(holm=holm)) for holm in (False, True))
    drawn = [made(next(piece for piece in pieces(one) if piece.key == "figure_1"), one) for one in (plain, corrected)]
    assert [isinstance(one, Drawn) and "Not corrected" in one.legend for one in drawn] == [True, False]


def test_a_model_that_draws_no_masks_is_not_measured_by_them(project: Project, tmp_path: Path) -> None:
    study = publishable_study.study(project)
    embedded, plain = study.records
    assert plain.status_only and plain.findings is not None
    assert {one.model for one in overlaps(study)} == {"embedded"}
    rows = [row[0] for row in segmentation(study).rows]
    assert "embedded" in rows and "plain" not in rows
    publish.publish(project, study.results, tmp_path, parts=["csv"])
    lines = (tmp_path / "segmentation.csv").read_text(encoding="utf-8").splitlines()[1:]
    assert {line.split(",")[0] for line in lines} == {embedded.scorer.key}


def test_masks_are_measured_without_outcomes_too(project: Project) -> None:
    study = Study(project, publishable_study.evaluate(project, ()))
    assert {one.cohort for one in overlaps(study)} == {"training", *publishable_study.COHORTS}
    assert {"training", *publishable_study.COHORTS} <= {row[0] for row in segmentation(study).rows}


def test_the_command_in_the_manifest_makes_the_same_again(
    project: Project, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = publishable_study.evaluate(project)
    embedded, plain = (one.key for one in results.scorers)
    chosen = Choices(("P26", "P40"), plain, (embedded, plain), plain, holm=True)
    parts = ["figure_1", "figure_4", "figure_s1", "figure_s5", "table_s6"]
    publish.publish(project, results, tmp_path / "by rule", parts=parts)
    publish.publish(project, results, tmp_path / "chosen", parts=parts, choices=chosen)
    kept = manifest(tmp_path / "chosen")
    assert kept["selection"]["cases_by"] == plain  # type: ignore[index]
    by_rule, by_choice = contents(tmp_path / "by rule"), contents(tmp_path / "chosen")
    assert by_rule.keys() == by_choice.keys()
    assert [name for name in by_rule if by_rule[name] == by_choice[name]] == []
    monkeypatch.chdir(project.folder.parent)
    program, *words = shlex.split(str(kept["command"]))
    words[words.index("--out") + 1] = str(tmp_path / "again")
    assert (program, cli.run(words)) == ("aln-desk", 0)
    again = contents(tmp_path / "again")
    assert {name for name in again if again[name] != by_choice[name]} <= {MANIFEST}, "it counts the looks"


def test_subgroups_are_of_whom_was_chosen(project: Project) -> None:
    embedded, plain = (one.key for one in publishable_study.evaluate(project).scorers)
    titles = []
    for key in ("", embedded, plain):
        study = publishable_study.study(project, Choices(subgroups_of=key))
        drawn, table = (
            made(next(piece for piece in pieces(study) if piece.key == wanted), study)
            for wanted in ("figure_s5a", "table_s6")
        )
        assert study.subgroups_of.name in table.title
        titles.append(drawn.title)
    assert titles == [f"AUC of {name} in subgroups of internal test" for name in ("embedded", "embedded", "plain")]


def test_what_cannot_be_shown_as_chosen_is_refused(project: Project, tmp_path: Path) -> None:
    found, ranks = gather(project), publishable_study.scorer_without_threshold(["P25", "P26"])
    scorers = (*found.scorers, ranks)
    selection = Selection(tuple(one.key for one in scorers), publishable_study.COHORTS)
    results, key = work_out(selection, scorers, found.cohorts, found.patients), scorers[0].key
    refused = [
        (Choices(("P26", "P99")), "no patient 'P99'"),
        (Choices(cases_by="gone"), "show gone, which is not compared. Choose of embedded, plain, ranks, or"),
        (Choices(beside=("gone", key)), "show gone, which is not compared"),
        (Choices(subgroups_of="gone"), "show gone, which is not compared"),
        (Choices(beside=(key, key)), "two models side by side. Choose two different ones"),
        (Choices(cases_by=ranks.key), "ranks reads no images. Choose a model that does"),
        (Choices(beside=(key, ranks.key)), "ranks reads no images"),
    ]
    looks = project.looks()
    for choices, why in refused:
        with pytest.raises(BadSetting, match=why):
            publish.publish(project, results, tmp_path / "out", choices=choices)
    assert not (tmp_path / "out").exists() and project.looks() == looks


def test_a_chosen_model_whose_findings_are_not_kept_is_refused_with_the_remedy(tmp_path: Path) -> None:
    publishable_study.make(tmp_path / "study", findings=False)
    with Project.open(tmp_path / "study") as project:
        results = publishable_study.evaluate(project)
        for choices in (Choices(cases_by=results.scorers[1].key), Choices(beside=results.selection.scorers)):
            with pytest.raises(BadSetting, match=r"is not kept in this project\. Run: aln-desk predict study --model"):
                publish.publish(project, results, tmp_path / "out", choices=choices)
        assert not (tmp_path / "out").exists() and project.looks() == []


def test_comparing_masks_can_be_stopped(project: Project) -> None:
    study = Study(project, publishable_study.evaluate(project), should_stop=lambda: True)
    with pytest.raises(Stopped):
        next(overlaps(study))


def test_a_stop_or_a_failure_leaves_the_old_folder(
    project: Project, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, results = tmp_path / "out", publishable_study.evaluate(project)
    publish.publish(project, results, out, parts=["csv", "table_2"])
    before = contents(out)
    calls = iter([False, False, True])
    with pytest.raises(Stopped, match="nothing was written"):
        publish.publish(project, results, out, should_stop=lambda: next(calls))
    assert contents(out) == before

    def fail(*_: object) -> bytes:
        raise BadFile(out, "could not be written (No space left on device)")

    monkeypatch.setattr("aln_desk.evaluation.document.pdf.to_pdf", fail)
    with pytest.raises(BadFile, match="No space left"):
        publish.publish(project, results, out)
    assert contents(out) == before
    with pytest.raises(Stopped):
        publish.publish(project, results, tmp_path / "new", should_stop=lambda: True)
    assert not (tmp_path / "new").exists()


def test_where_a_file_cannot_take_its_place_the_others_go_back(
    project: Project, tmp_path: Path, quick: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, results = tmp_path / "out", publishable_study.evaluate(project)
    publish.publish(project, results, out, parts=["csv", "table_2"])
    (out / "metrics.csv").write_text("old")
    before = contents(out)
    original = Path.replace

    def replace(self: Path, target: Path) -> Path:
        if target == out / "tables" / "table_2.csv" and ".old" not in self.parts:
            raise PermissionError(13, "Permission denied", str(target))
        return original(self, target)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", replace)
        with pytest.raises(BadFile, match=r"cannot be written \(Permission denied\).*unchanged"):
            publish.publish(project, results, out, parts=["csv", "table_2", "table_s5"])
    assert contents(out) == before


def test_a_folder_that_cannot_be_made_is_named(project: Project, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for out in (tmp_path / "file" / "out", tmp_path / "file"):
        with pytest.raises(BadFile, match=f"^{re.escape(str(out))}: "):
            publish.publish(project, publishable_study.evaluate(project), out, parts=["csv"])


def test_a_model_s_folder_is_left_as_it_is(project: Project) -> None:
    results = publishable_study.evaluate(project)
    folder = project.models / results.scorers[0].key
    before = contents(folder)
    with pytest.raises(BadFile, match="keeps its own files here"):
        publish.publish(project, results, folder, parts=["csv"])
    assert contents(folder) == before


@pytest.mark.parametrize("text", ["", "[]", '{"files": 3}', '{"files": ["../victim", "/victim"]}'])
def test_a_strange_manifest_costs_nobody_a_file(project: Project, tmp_path: Path, text: str) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (tmp_path / "victim").write_text("mine")
    (out / MANIFEST).write_text(text)
    publish.publish(project, publishable_study.evaluate(project), out, parts=["csv"])
    assert (tmp_path / "victim").exists() and (out / "metrics.csv").exists()


def test_the_same_project_gives_the_same_bytes(project: Project, tmp_path: Path, quick: None) -> None:
    results = publishable_study.evaluate(project)
    for name in ("one", "two"):
        publish.publish(
            project, results, tmp_path / name, parts=["csv", "table_1", "table_s2", "figure_4a", "figure_1"]
        )
    assert contents(tmp_path / "one") == contents(tmp_path / "two")


@pytest.mark.slow
def test_by_several_processes_everything_is_the_same(project: Project, tmp_path: Path, quick: None) -> None:
    results = publishable_study.evaluate(project)
    told: dict[int, list[str]] = {1: [], 3: []}
    steps: dict[int, list[tuple[int, int]]] = {1: [], 3: []}
    for processes in told:
        publish.publish(
            project, results, tmp_path / str(processes), processes=processes, left_out=told[processes].append,
            progress=lambda *at, keep=steps[processes]: keep.append(at),
        )  # fmt: skip
    assert contents(tmp_path / "1") == contents(tmp_path / "3")
    assert told[1] == told[3] != [] and steps[1] == steps[3]


def test_a_look_is_recorded_with_the_last_step_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publishable_study.make(tmp_path / "study", findings=False)
    with Project.open(tmp_path / "study") as project:
        results, out = publishable_study.evaluate(project), tmp_path / "out"

        def fail(*_: object) -> None:
            raise BadFile(out, "cannot be written")

        with monkeypatch.context() as patched:
            patched.setattr("aln_desk.evaluation.staging._replace", fail)
            with pytest.raises(BadFile, match="cannot be written"):
                publish.publish(project, results, out, parts=["csv"])
        with pytest.raises(Stopped):
            publish.publish(project, results, out, parts=["csv"], should_stop=lambda: True)
        assert project.looks() == [] and not out.exists()
        publish.publish(project, results, out, parts=["csv", "table_2"])
        assert [(look.cohort, look.origin) for look in project.looks()] == [
            ("internal test", "command"),
            ("south", "command"),
        ]
        assert manifest(out)["looks"] == 2  # this one counts


def test_where_a_look_cannot_be_recorded_nothing_is_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    publishable_study.make(tmp_path / "study", findings=False)
    with Project.open(tmp_path / "study") as project:
        results = publishable_study.evaluate(project)

        def refuse(self: Project) -> object:
            raise BadProject("project.sqlite: the disk is full.")

        monkeypatch.setattr(Project, "_writing", refuse)
        with pytest.raises(BadProject, match="disk is full"):
            publish.publish(project, results, tmp_path / "out", parts=["csv"])
    assert not (tmp_path / "out").exists()


def test_the_command_says_all_that_was_asked(project: Project) -> None:
    filters = (Filter("t_stage", frozenset(["1", "2"])),)
    selection = Selection(("aaaa", "import:R"), ("north, test",), filters, ThresholdRule("sensitivity", 0.9))
    chosen = Choices(("P1", "-2"), "aaaa", ("aaaa", "bbbb"), "import:R", holm=True)
    assert shlex.split(publish.command("study", selection, ["table_2"], chosen)) == [
        "aln-desk", "evaluate", "study", "--out", "results", "--parts", "table_2", "--threshold=sensitivity:0.9",
        "--cohort=north, test", "--where=t_stage=1,2", "--patients=P1", "--patients=-2", "--cases-by=aaaa", "--beside",
        "aaaa", "bbbb", "--subgroups-of=import:R", "--holm", "--runs", "aaaa", "import:R",
    ]  # fmt: skip
    assert "--parts" not in publish.command("study", selection, [], BY_RULE)


def test_keys_and_labels_are_unique_and_go_with_the_files(project: Project) -> None:
    study = Study(project, publishable_study.evaluate(project))
    known = pieces(study)
    assert len({piece.key for piece in known}) == len({piece.label for piece in known}) == len(known)
    for piece in known:
        kind, _, number = piece.key.partition("_")
        assert piece.label.casefold() == f"{kind} {number}"
    two = made(next(piece for piece in known if piece.key == "table_s5"), study)
    assert isinstance(two, Table) and (two.key, two.label) == ("table_s5", "Table S5")


def test_a_single_model_has_no_pairs(project: Project) -> None:
    results = publishable_study.evaluate(project)
    alone = Study(project, publishable_study.only_first(project, results))
    with pytest.raises(NothingToShow, match="one model only"):
        made(next(piece for piece in pieces(alone) if piece.key == "figure_1"), alone)
    with pytest.raises(NothingToShow, match="one model only that has read"):
        made(next(piece for piece in pieces(alone) if piece.key == "figure_s1"), alone)


def test_models_that_scored_nobody_here_have_no_cases(project: Project) -> None:
    found = publishable_study.evaluate(project)
    nobody = {
        key: replace(part, patients=(), score=part.score[:0], outcome=part.outcome[:0])
        for key, part in found.parts.items()
    }
    other = publishable_study.scorer_without_threshold(["P25", "P26"])
    parts = {
        **nobody,
        **{(other.key, name): found.parts[found.scorers[0].key, name] for name in publishable_study.COHORTS},
    }
    study = Study(project, replace(found, scorers=(*found.scorers, other), parts=parts))
    for key in ("figure_4a", "figure_s1"):
        with pytest.raises(NothingToShow):
            made(next(piece for piece in pieces(study) if piece.key == key), study)


def test_the_command_line_publishes_parts_and_stops(
    project: Project, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["evaluate", str(project.folder), "--out", str(tmp_path / "out"), "--parts", "table_2", "csv"]
    assert cli.run([*words, "--events"]) == 0
    events = [json.loads(line)["event"] for line in capsys.readouterr().out.splitlines()]
    assert events[0] == "Note" and "Progress" in events and events[-1] == "Finished"
    assert (tmp_path / "out" / "tables" / "table_2.tex").exists()
    before = contents(tmp_path / "out")
    looks = len(project.looks())
    with pytest.raises(BadSetting, match="no part 'table_9'"):
        cli.run([*words, "--parts", "table_9"])
    monkeypatch.setattr(cli_output.Output, "should_stop", lambda self: True)
    assert cli.run([*words, "--threshold", "0.3"]) == 130
    assert len(project.looks()) == looks  # nothing was looked at
    assert "nothing was written" in capsys.readouterr().out
    assert contents(tmp_path / "out") == before


@pytest.mark.slow
def test_print_quality_is_the_same_each_time(project: Project, tmp_path: Path) -> None:
    results = publishable_study.evaluate(project)
    for name in ("one", "two"):
        publish.publish(project, results, tmp_path / name)
    found = contents(tmp_path / "one")
    assert found == contents(tmp_path / "two")
    assert {"figures/figure_4a.png", "figures/figure_4a.pdf", "figures/figure_1.svg"} <= found.keys()
