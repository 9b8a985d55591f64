"""The document of results: what it says, and that it can be read."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import publishable_study
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.figure import Figure
from reportlab.pdfgen.canvas import Canvas

from aln_desk.domain.look import Look
from aln_desk.domain.scorer import Scorer
from aln_desk.domain.verdict import SIMULATED
from aln_desk.evaluation import provenance
from aln_desk.evaluation.document import methods, vector
from aln_desk.evaluation.document.checklist import Entry, where
from aln_desk.evaluation.document.citations import CITATIONS, numbered
from aln_desk.evaluation.document.claim import CLAIM
from aln_desk.evaluation.document.compose import Made, compose
from aln_desk.evaluation.document.content import Document, FigureBlock, Listing, Paragraph, Section, TableBlock
from aln_desk.evaluation.document.html import to_page
from aln_desk.evaluation.document.pdf import to_pdf
from aln_desk.evaluation.document.tripod import TRIPOD_AI
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.study import Study
from aln_desk.evaluation.tables.table import Table
from aln_desk.io import checkpoint
from aln_desk.io.project import Project

VOID = {"meta", "br", "img", "col"}


class Checker(HTMLParser):
    """Fails on tags that do not close each other; keeps what is shown and what is asked for from elsewhere."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.addresses += [value or "" for name, value in attrs if name in ("src", "href")]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def checked(page: str) -> Checker:
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("told") / "study"
    publishable_study.make(folder, findings=False)
    with Project.open(folder) as project:
        yield publishable_study.study(project)


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Study]:
    """A study that a test may change."""
    publishable_study.make(tmp_path / "study", findings=False)
    with Project.open(tmp_path / "study") as project:
        yield publishable_study.study(project)


def table(rows: int = 2, key: str = "table_2") -> Table:
    body = tuple((f"row {n}", "0.832 (0.780–0.885)", "<0.001") for n in range(rows))
    return Table(
        key,
        "Of <things>",
        ("Model", "AUC (95 % CI)", "p"),
        (("north", "", ""), *body),
        ("A note: ≥ −.",),
        depths=(0, *[1] * rows),
        label="Table 2",
    )


def figure_block(key: str = "figure_3a", width: float = 3.0, height: float = 2.0) -> FigureBlock:
    figure = Figure(figsize=(width, height))
    figure.subplots().plot([0, 1], [0, 1], "--")
    return FigureBlock(
        key, "Figure 3A", "A <line>", "It rises.", "Made so.", figure, b"<svg xmlns='http://www.w3.org/2000/svg'/>"
    )


def document(*blocks: Paragraph | Listing | TableBlock | FigureBlock) -> Document:
    return Document(
        "Results: a & b", "sub", ("Not a medical device.",), (Section("Data", blocks), Section("Part", (), 2))
    )


def text_of(found: Document) -> str:
    """All words of the document."""
    words: list[str] = [found.title, *found.notices]
    for section in found.sections:
        words.append(section.title)
        for block in section.blocks:
            match block:
                case Paragraph(text):
                    words.append(text)
                case Listing():
                    words += [block.title, *(cell for row in block.rows for cell in row)]
                case TableBlock(each):
                    words.append(each.caption)
                case FigureBlock():
                    words.append(f"{block.label}. {block.title}")
    return "\n".join(words)


def composed(study: Study) -> Document:
    blocks = {"table_2": TableBlock(table(), "src"), "figure_3a": figure_block()}
    return compose(study, Made(blocks, {"Figure S1": "There is one model only."}, "aln-desk evaluate study"))


def test_the_methods_tell_how_a_model_was_made(study: Study) -> None:
    told = methods.model_paragraph(study.records[0])
    for words in (
        f"embedded ({study.records[0].scorer.key}): Stage 1 reads each image with segformer-b0",
        "256 × 256 pixels",
        "2000 steps of 16 images, learning rate 0.0002 (decoder and heads times 3)",
        "a Transformer over the tokens of all images, 6 layers: 12 rounds",
        "20 patients of training; 4 more were held out",
        "Preset small, changed: Random seed (seed) 3.",
        "Platt's method",
        "accepted error of 0.1",
        "Threshold 0.500: Youden index on 24 held-out training patients.",
        "aln-desk 0.1.0, torch 2.5 on cpu",
        "Run 20241201-100000-small, 61 s.",
        "0123456789abcdef",
    ):
        assert words in told
    assert "simulated" not in told


@pytest.mark.parametrize(
    ("sources", "words"),
    [
        ([("own", 24, 24, False)], "Source, held-out patients included: own (24 patients, 50 images, outcomes)."),
        (
            [("drawn", 20, 20, True), ("BUSI", 9, 0, False), ("own", 8, 5, False)],
            "Sources, held-out patients included: drawn (20 patients, 50 images, simulated outcomes), BUSI (9 "
            "patients, 50 images, no outcomes) and own (8 patients, 50 images, outcomes of 5 patients).",
        ),
    ],
)
def test_the_methods_tell_where_the_patients_came_from(
    study: Study, sources: list[tuple[str, int, int, bool]], words: str
) -> None:
    record, keys = study.records[0], ("name", "patients", "outcomes", "simulated")
    training = {**record.training, "sources": [{**dict(zip(keys, one, strict=True)), "images": 50} for one in sources]}
    assert words in methods.model_paragraph(replace(record, manifest={**record.manifest, "training": training}))


def test_the_comparator_is_told_as_what_it_is(study: Study) -> None:
    told = methods.model_paragraph(study.records[1])
    assert "resnet-101" in told and "It has one task, the node status." in told
    assert "tumour images only" in told and "the mean of the image scores." in told
    assert "conformal" not in told and "Run " not in told


@pytest.mark.parametrize(
    ("scorer", "words"),
    [
        (Scorer("reader:AN", "AN", "reader", {}), "AN, a reader, judged"),
        (Scorer("import:R", "R", "import", {}, source="a.csv (SHA-256 1)"), "from other software (a.csv (SHA-256 1))"),
        (Scorer("ffff", "gone", "model", {}), "holds no description of this model"),
    ],
)
def test_what_the_project_does_not_know_is_left_to_the_authors(scorer: Scorer, words: str) -> None:
    told = methods.model_paragraph(ModelRecord(scorer, {}))
    assert words in told and "by the authors" in told


def test_clinical_models_and_fusions_name_their_variables(study: Study) -> None:
    manifest = study.records[0].manifest
    training = {**manifest["training"], "variables": ["t_stage", "birads"]}
    clinical = replace(
        study.records[0], manifest={**manifest, "kind": "clinical", "training": training, "simulated": True}
    )
    told = methods.model_paragraph(clinical)
    assert "Logistic regression on T stage and BI-RADS" in told and "Stage 1" not in told
    assert "no clinical meaning" in told
    fusion = replace(study.records[0], manifest={**manifest, "kind": "fusion", "training": training})
    assert "joins the images' logit, cross-fitted" in methods.model_paragraph(fusion)


def on_base(record: ModelRecord, kind: str, *bases: Mapping[str, Any]) -> ModelRecord:
    """The record as if stage 1 (of a fusion also stage 2) had been taken over from the first of ``bases``."""
    training = {**record.training, "base": bases[0].get("digest", "feed")}
    return replace(record, manifest={**record.manifest, "kind": kind, "training": training}, bases=bases)


def test_a_stage_that_was_taken_over_is_told_as_its_own_training_made_it(study: Study) -> None:
    main, plain = study.records
    told = methods.model_paragraph(on_base(main, "image", plain.manifest))
    assert "resnet-101" in told and "512 × 512" in told and "It has one task, the node status." in told
    assert f"It was taken over as it stood from model {plain.scorer.key}, whose training was this." in told
    assert "segformer" not in told and "2000 steps" not in told
    assert "a Transformer over the tokens of all images, 6 layers" in told
    assert "Preset small for stage 2, changed: Random seed (seed) 3." in told
    fusion = methods.model_paragraph(on_base(main, "fusion", plain.manifest))
    assert "by the mean of the image scores." in fusion and "Transformer" not in fusion and "Preset" not in fusion


def test_the_base_of_a_base_taught_stage_one(study: Study) -> None:
    main, plain = study.records
    middle = on_base(main, "image", plain.manifest).manifest
    told = methods.model_paragraph(on_base(main, "fusion", middle, plain.manifest))
    assert "resnet-101" in told and f"from model {plain.scorer.key}" in told and "a Transformer over" in told


def test_of_a_base_that_is_gone_nothing_is_made_up(study: Study) -> None:
    told = methods.model_paragraph(on_base(study.records[0], "fusion", {}))
    assert "taken over as it stood from model feed, of which the project holds no record." in told
    assert "steps" not in told and "rounds" not in told


def test_the_bases_of_a_model_are_found_in_the_project(own: Study) -> None:
    main, plain = own.records
    manifest = {**main.manifest, "name": "upper", "training": {**main.training, "base": plain.scorer.key}}
    folder = own.project.models / "upper"
    folder.mkdir()
    checkpoint.write_manifest(folder, {key: manifest[key] for key in manifest if key not in ("digest", "format")})
    digest = str(checkpoint.read_manifest(folder)["digest"])
    folder.rename(own.project.models / digest)
    (record,) = provenance.records(own.project, [Scorer(digest, "upper", "model", {})])
    assert [one["name"] for one in record.bases] == ["plain"]
    assert record.stage_one["name"] == "plain" and record.stage_two["name"] == "upper"


def test_a_manifest_of_nonsense_is_no_obstacle(study: Study) -> None:
    strange = {"training": {"recipe": {"nonsense": 1}, "cohorts": []}, "threshold": 0.5, "mtl": 3}
    told = methods.model_paragraph(replace(study.records[0], manifest=strange, run=None))
    assert "not recorded" in told
    assert not replace(study.records[0], manifest=strange).status_only


def test_citations_are_numbered_in_the_order_of_reading() -> None:
    done, works = numbered(["A [@sun] b [@delong][@sun].", "Again [@delong], and [@nobody]."])
    assert done == ["A [1] b [2, 1].", "Again [2], and [@nobody]."]
    assert works == [CITATIONS["sun"], CITATIONS["delong"]]


@given(st.lists(st.text(max_size=40), max_size=4))
def test_any_text_can_be_numbered(texts: list[str]) -> None:
    done, works = numbered(texts)
    assert len(done) == len(texts) and len(works) <= len(CITATIONS)


def test_every_item_of_the_check_lists_is_there_once() -> None:
    numbers = [entry.number for entry in TRIPOD_AI]
    assert len(numbers) == len(set(numbers)) == 52
    assert sorted({int(re.sub("[a-z]", "", number)) for number in numbers}) == list(range(1, 28))
    assert [entry.number for entry in CLAIM] == [str(n) for n in range(1, 45)]


def test_an_item_points_to_what_is_shown_only() -> None:
    entry = Entry("1", "about", ("Data", "table_1", "figure_3"), "more")
    labels = {"figure_3a": "Figure 3A", "figure_3b": "Figure 3B", "table_10": "Table 10"}
    assert where(entry, labels) == "In: section Data; Figure 3A; Figure 3B. To be filled by the authors: more."
    assert where(Entry("2", "about", ("table_2",)), {}) == "To be filled by the authors: the project does not hold it."
    assert where(Entry("3", "about", ("Data",)), {}) == "In: section Data."


def test_the_document_tells_data_looks_gaps_and_how_to_make_it_again(own: Study) -> None:
    own.project.add_look(Look("south", (own.first, "gone"), "frozen", (), 7, "window", "2024-12-24T08:00:00+00:00"))
    words = text_of(composed(own))
    for part in (
        "Results: study",
        "For research use only. Not a medical device.",
        "44 patients, 43 with a node status known",
        "training (not evaluated here)",
        provenance.data_digest(one for one in own.patients if one.cohort == "south"),
        "embedded (n = 11",
        "Table 2. Of <things>",
        "Test data were looked at 1 time so far (by cohort: south 1)",
        "2024-12-24 08:00",
        "embedded, gone",
        "There is one model only.",
        "--parts table_2",
        "predictions/scores/",
        "TRIPOD+AI",
        "1. Li, Chen et al.",
    ):
        assert part in words
    assert "[@" not in words and "simulated" not in words


def test_a_simulated_project_says_so(own: Study) -> None:
    (own.project.folder / "truth.csv").write_text("patient,chance\n")
    assert "simulated" in composed(own).notices[1]


def test_models_of_simulated_outcomes_are_named_on_every_page(study: Study) -> None:
    assert len(composed(study).notices) == 1
    first, *others = study.records
    records = (replace(first, manifest={**first.manifest, "simulated": True}), *others)
    told = Study(study.project, study.results)
    vars(told)["records"] = records
    assert composed(told).notices[1:] == (f"{SIMULATED} This holds for {first.scorer.name}.",)


def test_the_digest_of_the_data_changes_with_the_data_only(own: Study) -> None:
    patients = list(own.patients)
    same = provenance.data_digest(reversed(patients))
    assert same == provenance.data_digest(patients)
    own.project.set_outcome("P25", 0)
    assert provenance.data_digest(own.project.patients()) != same


def test_the_results_say_what_an_interval_is_and_where_there_is_none(study: Study) -> None:
    told = text_of(composed(study))
    assert "Internal test. embedded (n = " in told and "South (external test). embedded (n = " in told
    assert re.search(r"reached an AUC of 0\.\d{3} \(95 % CI 0\.\d{3}–[01]\.\d{3}\), at the threshold", told)
    parts = {key: replace(part, low=math.nan, high=math.nan) for key, part in study.results.parts.items()}
    assert "(95 % CI not defined)" in text_of(composed(replace(study, results=replace(study.results, parts=parts))))


def test_the_page_is_whole_and_needs_nothing_else(study: Study) -> None:
    page = to_page(composed(study))
    found = checked(page)
    assert all(address.startswith(("data:image/svg+xml;base64,", "#")) for address in found.addresses)
    for address in (one for one in found.addresses if one.startswith("#")):
        assert f'id="{address[1:]}"' in page
    assert "Of &lt;things&gt;" in page and "Figure 3A." in page


def test_the_pdf_has_the_same_bytes_each_time(study: Study) -> None:
    found = composed(study)
    data = to_pdf(found)
    assert data.startswith(b"%PDF-1") and data == to_pdf(found)
    assert b"D:2000" in data  # reportlab's date of files that can be made again


@pytest.mark.parametrize(
    "block",
    [
        Paragraph("中文 名字, Ä ≥ −1 \N{PILE OF POO} <b>"),
        Paragraph("aln-desk " + "x" * 300, mono=True),
        Listing("Names", ("A", "B"), (("x" * 200, "y"), ("", "中")), (0.3, 0.7)),
        Listing("None", ("A", "B"), (), (0.3, 0.7)),
        Listing("Long", ("A", "B"), (("a", "word " * 6000), ("b", "c")), (0.3, 0.7)),
        TableBlock(replace(table(), rows=(("word " * 6000, "1", "2"),), depths=()), "src"),
        TableBlock(replace(table(), notes=("word " * 9000,)), "src"),
        TableBlock(table(200), "src"),
        TableBlock(
            replace(
                table(),
                columns=tuple("column of words" for _ in range(30)),
                rows=(("0.832 (0.780–0.885)",) * 30,),
                depths=(),
            ),
            "src",
        ),
        TableBlock(replace(table(), spans=(("", 1), ("An upper heading of many words", 2))), "src"),
        figure_block(width=3.0, height=30.0),
        figure_block(width=30.0, height=3.0),
    ],
)
def test_whatever_comes_fits_on_pages(block: Paragraph | Listing | TableBlock | FigureBlock) -> None:
    assert to_pdf(document(block)).startswith(b"%PDF-1")
    checked(to_page(document(block)))


@settings(max_examples=40)
@given(st.text(max_size=30), st.text(max_size=60))
def test_any_words_can_be_set(one: str, other: str) -> None:
    words = replace(
        table(), title=one, columns=(one, other, "p"), rows=((one, other, one), (other, "", "")), depths=(0, 1)
    )
    found = document(Paragraph(one), Listing(one, (one, other), ((other, one),), (0.2, 0.8)), TableBlock(words, other))
    assert to_pdf(replace(found, title=one, notices=(other,))).startswith(b"%PDF-1")
    checked(to_page(found))


def test_a_figure_is_drawn_in_lines(tmp_path: Path) -> None:
    figure = figure_block().figure
    before = figure.dpi
    canvas = Canvas(str(tmp_path / "a.pdf"), invariant=1, pageCompression=0)
    vector.draw(figure, canvas)
    canvas.save()
    drawn = (tmp_path / "a.pdf").read_bytes()
    assert drawn.count(b" l ") + drawn.count(b" l\n") > 10 and b"/Subtype /Image" not in drawn
    assert figure.dpi == before
    assert vector.size(figure) == (216.0, 144.0)
