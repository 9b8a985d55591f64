"""Per-image findings and the table of verdicts: exact, found by name, merged without loss."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import get_args

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aln_desk.domain.errors import BadFile
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import Decision, InstancePrediction, Placement
from aln_desk.io import predictions
from aln_desk.io.verdicts import VERDICT_COLUMNS, VerdictRow, read_verdicts, write_verdicts


def finding(name: str, lesion_logit: float = -1.25, digest: str = "d1") -> InstancePrediction:
    rng = np.random.default_rng(len(name))
    return InstancePrediction(
        instance=name,
        mask=rng.random((37, 53)) > 0.5,
        cam=rng.standard_normal((8, 8)).astype(np.float32),
        placement=Placement(64, 64 / 53, 45 / 37, 0.0, 9.5),
        lesion_logit=lesion_logit,
        status_logit=0.1,
        token=rng.standard_normal(256).astype(np.float32),
        image_digest=digest,
    )


def same(one: InstancePrediction | None, other: InstancePrediction) -> bool:
    assert one is not None
    arrays = all(
        np.array_equal(getattr(one, name), getattr(other, name))
        and getattr(one, name).dtype == getattr(other, name).dtype
        for name in ("mask", "cam", "token")
    )
    names = ("instance", "placement", "lesion_logit", "status_logit", "image_digest")
    return arrays and all(getattr(one, name) == getattr(other, name) for name in names)


AWKWARD = ["P1/a.png", "王 芳/图.png", "A/B/x.png", "./..", "../.", "100%/50%2F.png", "a\x00b/c.png", "A//x.png"]


@pytest.mark.parametrize("name", AWKWARD)
def test_an_instance_comes_back_exactly_under_any_name(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / "bag.h5"
    predictions.write_bag(path, "m1", [finding(name)], {name: 1.0})
    assert same(predictions.read_instance(path, name), finding(name))
    assert predictions.read_shares(path, [name, "other/x.png"]) == {name: 1.0}
    assert predictions.known(path, "m1") == {name: "d1"}


def test_awkward_names_do_not_fall_together(tmp_path: Path) -> None:
    bag = [finding(name, digest=str(number)) for number, name in enumerate(AWKWARD)]
    predictions.write_bag(tmp_path / "bag.h5", "m1", bag, {})
    assert predictions.known(tmp_path / "bag.h5", "m1") == {name: str(n) for n, name in enumerate(AWKWARD)}


def test_the_file_can_be_read_without_this_program(tmp_path: Path) -> None:
    predictions.write_bag(tmp_path / "bag.h5", "m1", [finding("P1/a.png", lesion_logit=2.0)], {"P1/a.png": 0.25})
    with h5py.File(tmp_path / "bag.h5") as file:
        group = file["P1/a.png"]
        assert (file.attrs["model"], file.attrs["format"]) == ("m1", predictions.FORMAT)
        assert group["mask"].dtype == np.uint8 and set(np.unique(group["mask"])) == {0, 1}
        assert group.attrs["lesion_type"] == "lymph_node"
        assert group.attrs["share"] == 0.25
        assert group.attrs["status_score"] == pytest.approx(1 / (1 + np.exp(-0.1)))


def test_what_is_not_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "bag.h5"
    assert predictions.read_instance(path, "P1/a.png") is None
    assert predictions.read_shares(path, ["P1/a.png"]) == {}
    assert predictions.known(path, "m1") == {}
    predictions.write_bag(path, "m1", [finding("P1/a.png")], {})
    assert predictions.read_instance(path, "P1/b.png") is None
    assert predictions.read_instance(path, "P2/a.png") is None
    assert predictions.read_instance(path, "P1/a.png", model="m2") is None
    assert predictions.known(path, "m2") == {}
    assert np.isnan(predictions.read_shares(path, ["P1/a.png"])["P1/a.png"])


def test_merge_replaces_patients_whole_and_removes_the_parts(tmp_path: Path) -> None:
    target, part = tmp_path / "instances.h5", predictions.part_path(tmp_path, "P1")
    old = [finding("P1/a.png"), finding("P1/gone.png"), finding("P2/a.png")]
    predictions.write_bag(target, "m1", old, {})
    predictions.write_bag(part, "m1", [finding("P1/a.png", digest="d2")], {"P1/a.png": 1.0})
    predictions.merge([part], target, "m1")
    assert predictions.known(target, "m1") == {"P1/a.png": "d2", "P2/a.png": "d1"}
    assert same(predictions.read_instance(target, "P2/a.png"), finding("P2/a.png"))
    assert not part.exists()


def test_merge_leaves_another_models_findings_behind(tmp_path: Path) -> None:
    target, new, stale = tmp_path / "instances.h5", tmp_path / "new.h5", tmp_path / "stale.h5"
    predictions.write_bag(target, "m1", [finding("P1/a.png")], {})
    predictions.write_bag(stale, "m1", [finding("P3/a.png")], {})
    predictions.write_bag(new, "m2", [finding("P2/a.png")], {})
    predictions.merge([new, stale], target, "m2")
    assert predictions.known(target, "m2") == {"P2/a.png": "d1"}
    assert not new.exists() and not stale.exists()


def test_each_models_findings_are_kept_in_one_place(tmp_path: Path) -> None:
    target, other = tmp_path / "instances.h5", tmp_path / "models" / "m1" / "instances.h5"
    for model, name, digest in (("m1", "P1/a.png", "d1"), ("m1", "P2/a.png", "d1"), ("m2", "P1/a.png", "d2")):
        predictions.write_bag(tmp_path / "part.h5", model, [finding(name, digest=digest)], {name: 1.0})
        predictions.merge([tmp_path / "part.h5"], target, model)
    assert predictions.instances_file(tmp_path, "m2") == target
    assert predictions.instances_file(tmp_path, "m1") == other
    assert predictions.known(target, "m2") == {"P1/a.png": "d2"}
    assert predictions.known(other, "m1") == {"P1/a.png": "d1", "P2/a.png": "d1"}
    assert not predictions.instances_file(tmp_path, "m3").exists()

    predictions.write_bag(tmp_path / "part.h5", "m1", [finding("P1/a.png", digest="d3")], {})
    predictions.merge([tmp_path / "part.h5"], target, "m1")
    assert predictions.known(target, "m1") == {"P1/a.png": "d3", "P2/a.png": "d1"}
    assert predictions.instances_file(tmp_path, "m2") == tmp_path / "models" / "m2" / "instances.h5"
    files = {path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file()}
    assert files == {"instances.h5", "models/m2/instances.h5"}


def test_a_merge_that_cannot_put_the_old_file_aside_keeps_it(tmp_path: Path) -> None:
    target, part = tmp_path / "instances.h5", tmp_path / "part.h5"
    predictions.write_bag(target, "m1", [finding("P1/a.png")], {})
    predictions.write_bag(part, "m2", [finding("P1/a.png")], {})
    (tmp_path / "models").write_text("in the way")
    with pytest.raises(BadFile, match="could not be moved"):
        predictions.merge([part], target, "m2")
    assert predictions.known(target, "m1") == {"P1/a.png": "d1"}
    assert part.exists()


def test_a_digest_never_leads_out_of_the_folder(tmp_path: Path) -> None:
    assert predictions.instances_file(tmp_path, "../../m").is_relative_to(tmp_path / "models")
    assert ".." not in predictions.instances_file(tmp_path, "../../m").parts


def test_merge_replaces_a_damaged_target(tmp_path: Path) -> None:
    target, part = tmp_path / "instances.h5", tmp_path / "part.h5"
    target.write_bytes(b"not HDF5")
    predictions.write_bag(part, "m1", [finding("P2/a.png")], {})
    assert predictions.known(target, "m1") == {}
    predictions.merge([part], target, "m1")
    assert predictions.known(target, "m1") == {"P2/a.png": "d1"}


def test_a_failed_merge_keeps_everything(tmp_path: Path) -> None:
    target, good, bad = tmp_path / "instances.h5", tmp_path / "good.h5", tmp_path / "bad.h5"
    predictions.write_bag(target, "m1", [finding("P1/a.png")], {})
    predictions.write_bag(good, "m1", [finding("P2/a.png")], {})
    bad.write_bytes(b"not HDF5")
    before = target.read_bytes()
    with pytest.raises(BadFile, match=r"bad\.h5"):
        predictions.merge([good, bad], target, "m1")
    assert target.read_bytes() == before
    assert good.exists() and bad.exists()
    assert {path.name for path in tmp_path.iterdir()} == {"instances.h5", "good.h5", "bad.h5"}


def test_parts_of_different_patients_never_share_a_file(tmp_path: Path) -> None:
    patients = ["P1", "p1", "P/1", "P_1", "王", "李", "a" * 300, "a" * 299 + "b", "CON", ".."]
    paths = [predictions.part_path(tmp_path, patient) for patient in patients]
    assert len({path.name.casefold() for path in paths}) == len(patients)
    assert all(path.parent == tmp_path / "parts" and len(path.name) < 100 for path in paths)


@given(content=st.binary(max_size=64))
def test_any_bytes_raise_nothing_but_bad_file(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.getbasetemp() / "any.h5"
    path.write_bytes(content)
    with pytest.raises(BadFile, match="damaged"):
        predictions.read_instance(path, "P1/a.png")
    with pytest.raises(BadFile, match="damaged"):
        predictions.read_shares(path, ["P1/a.png"])
    assert path.read_bytes() == content


_WORDS = st.text(st.characters(exclude_categories=["Cc", "Cs"]), max_size=8)
_ROWS = st.builds(
    VerdictRow,
    patient=_WORDS,
    cohort=_WORDS,
    outcome=st.sampled_from([0, 1, None]),
    score=st.floats(0, 1),
    threshold=st.floats(0, 1),
    decision=st.sampled_from(["positive", "negative"]),
    n_tumour=st.integers(0, 9),
    n_node=st.integers(0, 9),
    model=_WORDS,
    seen=st.sampled_from(Seen),
    simulated=st.booleans(),
)


@given(rows=st.lists(_ROWS, max_size=4))
def test_verdicts_come_back_exactly(tmp_path_factory: pytest.TempPathFactory, rows: list[VerdictRow]) -> None:
    path = tmp_path_factory.getbasetemp() / "verdicts.csv"
    write_verdicts(path, rows)
    assert read_verdicts(path) == rows


def test_the_table_has_the_promised_columns(tmp_path: Path) -> None:
    row = VerdictRow("P1", "training", None, 0.1 + 0.2, 0.5, "negative", 2, 0, "abc")
    write_verdicts(tmp_path / "new" / "verdicts.csv", [row])
    with (tmp_path / "new" / "verdicts.csv").open(encoding="utf-8", newline="") as file:
        header, cells = csv.reader(file)
    assert ",".join(header) == (
        "patient,cohort,outcome,score,threshold,decision,n_tumour,n_node,model,seen_in_training,simulated_outcomes"
    )
    assert tuple(header) == VERDICT_COLUMNS
    assert cells == ["P1", "training", "", "0.30000000000000004", "0.5", "negative", "2", "0", "abc", "", "no"]


def test_older_tables_say_nothing_of_training(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(
        "patient,cohort,outcome,score,threshold,decision,n_tumour,n_node,model\nP1,c,1,0.5,0.5,positive,1,0,m\n"
    )
    assert read_verdicts(path) == [VerdictRow("P1", "c", 1, 0.5, 0.5, "positive", 1, 0, "m")]


def test_no_table_yet_means_no_verdicts(tmp_path: Path) -> None:
    assert read_verdicts(tmp_path / "verdicts.csv") == []


@given(content=st.binary(max_size=80))
def test_any_bytes_as_verdicts_raise_nothing_but_bad_file(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = tmp_path_factory.getbasetemp() / "any.csv"
    path.write_bytes(content)
    try:
        read_verdicts(path)
    except BadFile as error:
        assert str(path) in str(error)


@pytest.mark.parametrize(
    "row",
    [
        "P1,c,2x,0.5,0.5,positive,1,0,m,,no",
        "P1,c,1,high,0.5,positive,1,0,m,,no",
        "P1,c,1,0.5,0.5,positive,1,0,m,perhaps,no",
        "P1,c,1,0.5,0.5,positive,1,0,m",
        "P1,c",
    ],
)
def test_a_damaged_row_is_refused(tmp_path: Path, row: str) -> None:
    path = tmp_path / "verdicts.csv"
    path.write_text(",".join(VERDICT_COLUMNS) + "\n" + row + "\n")
    with pytest.raises(BadFile, match="no table of verdicts"):
        read_verdicts(path)


def test_a_table_keeps_what_is_uncertain_and_refuses_other_decisions(tmp_path: Path) -> None:
    path = tmp_path / "verdicts.csv"
    rows = [VerdictRow("P1", "training", 1, 0.5, 0.5, decision, 1, 0, "abc") for decision in get_args(Decision)]
    predictions.write_verdicts(path, rows)
    assert predictions.read_verdicts(path) == rows
    path.write_text(path.read_text().replace("uncertain", "perhaps"))
    with pytest.raises(BadFile, match="'perhaps' is no decision"):
        predictions.read_verdicts(path)
