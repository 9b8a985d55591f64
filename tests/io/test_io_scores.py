"""Whose scores a project holds: models, readers, imports; and the table of scores that people bring."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from aln_desk.domain.errors import AlnError, BadFile, BadProject, BadSetting
from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.review import Review
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import Verdict, decide
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.io.score_table import ScoreTable, read_scores
from aln_desk.io.scores import import_scores, read_scorers, remove_import, undone_on_failure
from aln_desk.io.verdicts import VerdictRow, read_model, read_models, scores_file, write_reading, write_verdicts

PATIENTS = ("P1", "P2", "P3", "P10")


@pytest.fixture
def project(tmp_path: Path):
    with Project.create(tmp_path / "study") as opened:
        opened.add_cohort(Cohort("training", Role.TRAIN))
        opened.add_cohort(Cohort("test", Role.INTERNAL_TEST))
        opened.add_many([Patient(name, "test", 1) for name in PATIENTS] + [Patient("T1", "training", 0)])
        yield opened


def row(patient: str, score: float, model: str = "m1", threshold: float = 0.5) -> VerdictRow:
    return VerdictRow(patient, "test", 1, score, threshold, decide(score, threshold), 1, 0, model)


def by_key(project: Project) -> dict[str, Scorer]:
    return {one.key: one for one in read_scorers(project)}


def table(folder: Path, text: str, encoding: str = "utf-8") -> Path:
    path = folder / "scores.csv"
    path.write_bytes(text.encode(encoding))
    return path


# --- models ----------------------------------------------------------------------------------------------------------


def test_every_model_keeps_what_it_said_last(project: Project) -> None:
    folder = project.predictions
    write_reading(folder, "m1", [row("P1", 0.1), row("P2", 0.2)])
    write_reading(folder, "m2", [row("P1", 0.9, "m2")])
    write_reading(folder, "m1", [row("P1", 0.3)], last=False)
    assert {key: dict(one.scores) for key, one in by_key(project).items()} == {"m1": {"P1": 0.3}, "m2": {"P1": 0.9}}
    assert [one.model for one in read_model(folder, "m1")] == ["m1"]
    assert (folder / "verdicts.csv").read_text() == scores_file(folder, "m2").read_text()


def test_a_project_read_before_scores_were_kept_loses_none(project: Project) -> None:
    folder = project.predictions
    write_verdicts(folder / "verdicts.csv", [row("P1", 0.1), row("P2", 0.2)])
    (before,) = read_scorers(project)
    assert (before.key, before.scores) == ("m1", {"P1": 0.1, "P2": 0.2})
    assert before.source.startswith("predictions/verdicts.csv (SHA-256 ")
    assert read_model(folder, "m1") == [row("P1", 0.1), row("P2", 0.2)]
    assert read_model(folder, "m2") == []
    write_reading(folder, "m2", [row("P1", 0.9, "m2")])
    assert read_models(folder)["m1"] == [row("P1", 0.1), row("P2", 0.2)]
    assert by_key(project)["m1"].source.startswith("predictions/scores/m1.csv (SHA-256 ")


def test_a_model_s_scores_tell_whom_its_training_used(project: Project) -> None:
    seen = zip(PATIENTS, (Seen.FITTED, Seen.HELD_OUT, Seen.NEW, Seen.UNKNOWN), strict=False)
    write_reading(project.predictions, "m1", [replace(row(name, 0.1), seen=one) for name, one in seen])
    assert by_key(project)["m1"].trained_on == set(PATIENTS[:2])


def test_a_model_without_verdicts_leaves_no_table_and_a_damaged_last_reading_is_replaced(project: Project) -> None:
    folder = project.predictions
    (folder / "verdicts.csv").write_bytes(b"\xff\x00")
    with pytest.raises(BadFile, match="no table of verdicts"):
        read_scorers(project)
    write_reading(folder, "m1", [])
    assert read_scorers(project) == []
    assert not (folder / "scores").exists()


def test_a_digest_that_is_no_file_name_stays_in_its_folder(project: Project) -> None:
    write_reading(project.predictions, "../../x", [row("P1", 0.1, "../../x")])
    assert scores_file(project.predictions, "../../x").parent == project.predictions / "scores"
    assert [one.key for one in read_scorers(project)] == ["../../x"]


def test_what_a_model_scorer_says(project: Project) -> None:
    unsure = VerdictRow("P3", "test", 1, 0.5, 0.5, "uncertain", 1, 0, "m1")
    write_reading(project.predictions, "m1", [row("P1", 0.1), unsure])
    write_reading(project.predictions, "m2", [row("P1", 0.1, "m2"), row("P2", 0.1, "m2", 0.6)])
    one, other = read_scorers(project)
    assert (one.name, one.kind, one.threshold, one.uncertain) == ("m1", "model", 0.5, {"P3"})
    assert one.probability
    assert math.isnan(other.threshold)


def model(folder: Path, name: str, seed: int) -> str:
    """Digest of a model's folder with a manifest alone; it is named by its digest where it lies in a project."""
    folder.mkdir(parents=True)
    checkpoint.write_manifest(folder, {"name": name, "seed": seed})
    return checkpoint.model_digest(folder)


def test_models_go_by_their_names_and_names_are_unique(project: Project, tmp_path: Path) -> None:
    digests = [model(tmp_path / str(seed), "SegFormer", seed) for seed in range(2)]
    for seed, digest in enumerate(digests):
        (tmp_path / str(seed)).rename(project.models / digest)
        write_reading(project.predictions, digest, [row("P1", 0.1, digest)])
    outside = model(tmp_path / "elsewhere", "Outside", 7)
    project.adopt(tmp_path / "elsewhere", outside)
    write_reading(project.predictions, outside, [row("P1", 0.1, outside)])
    names = {one.key: one.name for one in read_scorers(project)}
    assert names == {digests[0]: f"SegFormer ({digests[0][:6]})", digests[1]: f"SegFormer ({digests[1][:6]})"} | {
        outside: "Outside"
    }


# --- readers ---------------------------------------------------------------------------------------------------------


def sign(project: Project, patient: str, judgement: int, shown: bool = False, reader: str = "AN") -> None:
    verdict = Verdict(patient, 0.7, 0.5, "m1") if shown else None
    project.add_review(Review(patient, reader, judgement, verdict_shown=verdict))


def test_a_readers_last_judgement_of_each_kind_counts(project: Project) -> None:
    for patient, judgement, shown in (
        ("P1", 1, False),
        ("P1", 5, False),
        ("P2", 3, False),
        ("P3", 4, True),
        ("P1", 2, True),
        ("P1", 4, False),  # knows the verdict by now
    ):
        sign(project, patient, judgement, shown)
    sign(project, "P1", 4, reader="Bö")
    found = by_key(project)
    assert list(found) == ["reader:AN", "reader:AN (with model)", "reader:Bö"]
    assert found["reader:AN"].scores == {"P1": 1.0, "P2": 0.5}
    assert found["reader:AN (with model)"].scores == {"P3": 0.75, "P1": 0.75}
    assert all(one.kind == "reader" and not one.probability for one in found.values())
    assert {step: (step - 1) / 4 >= found["reader:AN"].threshold for step in range(1, 6)} == {
        1: False,
        2: False,
        3: False,
        4: True,
        5: True,
    }


# --- the table -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "scores"),
    [
        ("patient,score\nP1,0.25\n P2 , .5 \n", [0.25, 0.5]),
        ("\ufeffPatient;Score;note\r\nP1;0,25;x\r\nP2;1e-3;\r\n", [0.25, 0.001]),
        ('note,score,patient\n,"0,25",P1\n,"-1,5",P2\n', [0.25, -1.5]),
        ("patient\tscore\nP1\t1,234\nP2\t0,5\n", [1.234, 0.5]),
        ("patient;score\nP1;12,345\nP2;0,5\n\n", [12.345, 0.5]),
        ("patient;score\nP1;0.5\nP2;0,25\n", [0.5, 0.25]),
        ("\ufeffsep=;\r\nPatient;score;a,b,c,d\r\nP1;0,5;x\r\nP2;0,25;\r\n", [0.5, 0.25]),
        ('"SEP=,"\npatient,score\nP1,0.5\nP2,0.25\n', [0.5, 0.25]),
        ("sep=\t\npatient\tscore\nP1\t0.5\nP2\t0.25\n", [0.5, 0.25]),
    ],
)
def test_numbers_as_people_write_them(tmp_path: Path, text: str, scores: list[float]) -> None:
    found = read_scores(table(tmp_path, text))
    assert found == ScoreTable({"P1": scores[0], "P2": scores[1]})


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("P1;high", 'row 2: score "high" is no number'),
        ("P1;0,5\nP2;1_0", 'row 3: score "1_0" is no number'),
        ("P1;1.234,5", 'score "1.234,5" is no number'),
        ("P1;1,234,5", 'score "1,234,5" is no number'),
        ("P1;inf", "no number; write one such as 0.73, or leave it empty"),
        ("P1;50%", 'row 2: score "50%" is in per cent; write 0.5 for 50%'),
        ("P1;1e999", "no number"),
        ("P1;1,234", 'score "1,234" may have a decimal comma or mean thousands'),
        ("P1;1,234\nP2;0.5", "row 2: .* thousands"),
        (" ;0.5", "row 2: it names no patient"),
        ("P1;0;5", "row 2: it has more cells than the first row"),
        ("P1;x\nP2;y", "2 rows are refused. row 2: .*; row 3: "),
    ],
)
def test_a_row_that_cannot_be_understood_is_refused(tmp_path: Path, lines: str, reason: str) -> None:
    with pytest.raises(BadProject, match=reason):
        read_scores(table(tmp_path, f"patient;score\n{lines}\n"))


def test_a_line_that_names_the_separator_is_no_row(tmp_path: Path) -> None:
    with pytest.raises(BadProject, match=r"1 row is refused\. row 2: "):
        read_scores(table(tmp_path, "sep=;\npatient;score\nP1;high\n"))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("patient,value\nP1,1", "no column score"),
        ("P1,0.5\nP2,0.5", "no column patient"),
        ("patient,score,Score\nP1,1,1", "two columns score"),
        ("patient,score\n\n", "no rows"),
        ("", "no column"),
        ("sep=;", "no column"),
        ("sep=:\npatient:score\nP1:1", "no column"),
    ],
)
def test_a_file_that_is_no_table_of_scores_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(BadFile, match=reason):
        read_scores(table(tmp_path, text))
    with pytest.raises(BadFile, match="does not exist"):
        read_scores(tmp_path / "none.csv")


def test_who_has_no_score_or_several_is_told(tmp_path: Path) -> None:
    lines = ["P1,0.5", "P1,0.50", "P2,", "P3,NA", "P3,0.1", "P10,0.2", "P10,0.2", "P10,0.3"]
    found = read_scores(table(tmp_path, "patient,score\n" + "\n".join(lines)))
    assert found.scores == {"P1": 0.5, "P3": 0.1}
    assert found.left_out == {"P2", "P10"}
    missing, same, differ = found.problems
    assert "no score: 1 (P2)" in missing
    assert "counted once: 1 (P1 in rows 2 and 3)" in same
    assert "differ: 1 (P10 in rows 7 and 9)" in differ


@given(content=st.binary(max_size=60))
@example(content=b"patient,score\n\x00,1")
def test_any_bytes_are_scores_or_a_sentence(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        assert all(map(math.isfinite, read_scores(path).scores.values()))
    except AlnError as error:
        assert str(path) in str(error)


_NAMES = st.text(st.characters(exclude_categories=["C", "Z"], exclude_characters='"'), min_size=1, max_size=6)


@given(
    scores=st.dictionaries(_NAMES, st.floats(-1e6, 1e6).map(lambda number: round(number, 6)), min_size=1, max_size=6),
    separator=st.sampled_from(";\t"),
    comma=st.booleans(),
    said=st.booleans(),
)
def test_scores_come_back_exactly_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, scores: dict[str, float], separator: str, comma: bool, said: bool
) -> None:
    assume(not any(separator in name or "," in name for name in scores))
    path = tmp_path_factory.getbasetemp() / "some.csv"
    written = {name: repr(score).replace(".", ",") if comma else repr(score) for name, score in scores.items()}
    lines = [f"patient{separator}score", *(f"{name}{separator}{text}" for name, text in written.items())]
    path.write_text("\n".join([f"sep={separator}"] * said + lines), encoding="utf-8")
    try:
        assert read_scores(path).scores == scores
    except BadProject as error:
        assert comma and "thousands" in str(error)


# --- imports ---------------------------------------------------------------------------------------------------------


def test_imported_scores_are_one_more_scorer(project: Project, tmp_path: Path) -> None:
    file = table(tmp_path, "patient,score\nP1,0.1\nP2,0.7\nP3,0.3\nP10,0.4\n")
    found = import_scores(project, file, "  Radio/mics  2 ", 0.5)
    assert (found.key, found.patients, found.problems) == ("import:Radio/mics 2", 4, ())
    (one,) = read_scorers(project)
    assert (one.key, one.name, one.kind, one.threshold) == ("import:Radio/mics 2", "Radio/mics 2", "import", 0.5)
    assert one.scores == {"P1": 0.1, "P2": 0.7, "P3": 0.3, "P10": 0.4}
    assert one.probability
    assert one.source.startswith("predictions/imported/") and one.source.endswith("imported from scores.csv")


def test_importing_again_replaces_and_names_do_not_fall_together(project: Project, tmp_path: Path) -> None:
    names = ["a", "A", "a b", "a_b", "x" * 60, "x" * 61, "ä"]
    for score, name in enumerate(["a", *names]):
        import_scores(project, table(tmp_path, f"patient,score\nP1,{score / 10}\n"), name)
    found = by_key(project)
    assert {key: one.scores["P1"] for key, one in found.items()} == {
        f"import:{name}": (score + 1) / 10 for score, name in enumerate(names)
    }
    files = {path.name.casefold() for path in (project.predictions / "imported").iterdir()}
    assert len(files) == 2 * len(names)


def test_problems_of_an_import_are_told_with_the_remedy(project: Project, tmp_path: Path) -> None:
    found = import_scores(project, table(tmp_path, "patient,score\nP1,1.5\nP2,\n9,0.5\n"), "R")
    empty, unknown, lacking, outside = found.problems
    assert "no score: 1 (P2)" in empty
    assert "not in this project: 1 (9). Check how they are named" in unknown
    assert "does not list: 2 (P3; P10). Add them" in lacking  # the cohort T1 is of has no score at all
    assert "1 of 1 scores lie outside 0 to 1" in outside and "no probabilities" in outside
    (one,) = read_scorers(project)
    assert one.scores == {"P1": 1.5}
    assert not one.probability
    assert math.isnan(one.threshold)


@pytest.mark.parametrize(
    ("scores", "asked"), [((50, 7), True), ((0.5, 100), True), ((-0.5, 7), False), ((101, 7), False)]
)
def test_scores_that_may_be_per_cent_are_asked_about(
    project: Project, tmp_path: Path, scores: tuple[float, float], asked: bool
) -> None:
    found = import_scores(project, table(tmp_path, "patient,score\nP1,{}\nP2,{}\n".format(*scores)), "R")
    assert ("if these are per cent, divide them by 100" in found.problems[-1]) == asked


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ("P1,\nP2,NA\n", r"no patient has a score that can be used\. Left out because they have no score: 2"),
        ("P1,0.1\nP1,0.2\n", r"no patient has a score that can be used\. .* their scores differ: 1 .*Keep one row"),
        ("p1,0.1\n", r"Check how patients are named\. The file has p1, the project P1\."),
    ],
)
def test_a_file_without_any_score_to_keep_says_why(project: Project, tmp_path: Path, lines: str, reason: str) -> None:
    with pytest.raises(BadProject, match=reason):
        import_scores(project, table(tmp_path, f"patient,score\n{lines}"), "R")


def test_imports_are_undone_where_what_follows_fails(project: Project, tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), undone_on_failure(project):
        import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "R")
        raise KeyboardInterrupt
    assert not (project.predictions / "imported").exists()
    with undone_on_failure(project):
        import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "R", 0.4)
    with pytest.raises(BadProject, match="later"), undone_on_failure(project):
        import_scores(project, table(tmp_path, "patient,score\nP1,0.7\n"), "R")
        import_scores(project, table(tmp_path, "patient,score\nP1,0.7\n"), "S")
        remove_import(project, "R")
        raise BadProject("later")
    (one,) = read_scorers(project)
    assert (one.name, one.scores, one.threshold) == ("R", {"P1": 0.5}, 0.4)


def test_scores_that_only_rank_are_no_probabilities(project: Project, tmp_path: Path) -> None:
    import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "R", probability=False)
    assert not read_scorers(project)[0].probability


def test_what_cannot_be_imported_leaves_no_trace(project: Project, tmp_path: Path) -> None:
    good, stranger = "patient,score\nP1,0.5\n", "patient,score\nX,0.5\n"
    for text, name, threshold, error, reason in (
        (stranger, "R", math.nan, BadProject, "no score is of a patient in this project"),
        (good, "  ", math.nan, BadSetting, "need a name"),
        (good, "a\x07b", math.nan, BadSetting, "need a name"),
        (good, "R", math.inf, BadSetting, "threshold must be a number"),
        (good, "R", 2.0, BadSetting, "threshold of 2 calls all patients of 'R' the same"),
    ):
        with pytest.raises(error, match=reason):
            import_scores(project, table(tmp_path, text), name, threshold)
    assert not (project.predictions / "imported").exists()


def test_an_import_can_be_removed(project: Project, tmp_path: Path) -> None:
    import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "R")
    with pytest.raises(BadProject, match=r"no imported scores 'Q'\. There are: R\."):
        remove_import(project, "Q")
    remove_import(project, "R")
    assert read_scorers(project) == []
    assert list((project.predictions / "imported").iterdir()) == []


@pytest.mark.parametrize("text", ["", "[1]", '{"name": "R"}', '{"name": 1, "threshold": "x", "probability": 1}'])
def test_a_damaged_description_is_named(project: Project, tmp_path: Path, text: str) -> None:
    import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "r")
    (described,) = (project.predictions / "imported").glob("r-*.json")
    described.write_text(text)
    with pytest.raises(BadFile, match=r"r-\w+\.json.*Import the scores again"):
        read_scorers(project)


def test_names_shared_across_kinds_say_their_kind(project: Project, tmp_path: Path) -> None:
    sign(project, "P1", 4, reader="R")
    import_scores(project, table(tmp_path, "patient,score\nP1,0.5\n"), "R")
    assert [one.name for one in read_scorers(project)] == ["R (reader)", "R (import)"]
