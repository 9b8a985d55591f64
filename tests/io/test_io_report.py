"""The report: complete, self-contained, and true about what it shows."""

from __future__ import annotations

import base64
import re
from html.parser import HTMLParser

import cv2
import numpy as np
import pytest

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.review import Review
from aln_desk.domain.shape import Shape
from aln_desk.domain.verdict import NOT_DECIDED, InstancePrediction, Placement, Undecided, Verdict
from aln_desk.io import report_pictures as pictures
from aln_desk.io.report import RESEARCH_ONLY, SIMULATED, patient_html

NAMES = ("P<1>/a.png", "P<1>/b & c.png")
HEIGHT, WIDTH = 40, 80
SQUARE = ((10.0, 5.0), (30.0, 5.0), (30.0, 25.0), (10.0, 25.0))


def finding(name: str, peak: float = 2.0) -> InstancePrediction:
    """A mask in the right half; the CAM's only evidence lies in the cell at the image's bottom right."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[10:30, 50:70] = True
    cam = np.zeros((4, 4), np.float32)
    cam[2, 3] = peak
    return InstancePrediction(name, mask, cam, Placement(64, 0.8, 0.8, 0.0, 16.0), 1.0, 0.0, np.zeros(256, np.float32))


@pytest.fixture
def patient() -> Patient:
    bag = tuple(Instance(name, "P<1>", view, "", "") for name, view in zip(NAMES, View, strict=True))
    return Patient("P<1>", "internal test", 1, "2026-03-04", "Hospital 中", {"t_stage": "cT2 & more"}, bag)


VERDICT = Verdict("P<1>", 0.8712, 0.5, "abc123", {NAMES[0]: 0.29, NAMES[1]: 0.71})
IMAGES = {name: np.full((HEIGHT, WIDTH, 3), 90, np.uint8) for name in NAMES}
READ = {name: finding(name) for name in NAMES}


def words(html: str) -> str:
    """The text a reader sees; fails on tags that do not nest."""
    open_tags, shown = [], []

    class Reader(HTMLParser):
        def handle_starttag(self, tag: str, attrs: object) -> None:
            if tag not in ("meta", "img", "br"):
                open_tags.append(tag)

        def handle_endtag(self, tag: str) -> None:
            assert open_tags.pop() == tag

        def handle_data(self, data: str) -> None:
            if "style" not in open_tags:
                shown.append(data)

    Reader().feed(html)
    assert not open_tags
    return " ".join(" ".join(shown).split())


def test_the_page_says_all_that_is_known(patient: Patient) -> None:
    review = Review("P<1>", "A. N. <b>", 4, "thick cortex", 48.0, "2026-03-05T10:00:00+00:00", VERDICT)
    html = patient_html(
        patient, VERDICT, READ, IMAGES, "Demo <1>", reviews=[review], simulated=True, made_at="2026-03-06"
    )
    text = words(html)
    for part in (
        "P<1>", "0.87", "Positive", "threshold, 0.50", "Demo <1> (abc123)", "internal test", "Hospital 中",
        "2026-03-04", "Node status from pathology positive",
        "T stage cT2 & more", "1. Tumour", "2. Node", "P<1>/b & c.png",
        "Share in the verdict: 29%", "Share in the verdict: 71%",
        "against −4 +4 logits for a positive status", "A. N. <b>", "probable (4 of 5)",
        "after the verdict was shown", "thick cortex", "2026-03-06", RESEARCH_ONLY, SIMULATED,
    ):  # fmt: skip
        assert part in text, part


def test_the_page_needs_nothing_else(patient: Patient) -> None:
    html = patient_html(patient, VERDICT, READ, IMAGES, "Demo")
    sources = re.findall(r"src='([^']*)'", html)
    assert len(sources) == 1 + 2 * 3 + 1
    for source in sources:
        kind, content = source.split(",")
        assert kind == "data:image/png;base64"
        assert cv2.imdecode(np.frombuffer(base64.b64decode(content), np.uint8), cv2.IMREAD_COLOR) is not None
    assert "http" not in html and "<script" not in html


def test_what_is_unknown_is_said_not_invented(patient: Patient) -> None:
    unknown = Verdict("P<1>", float("nan"), 0.5, "abc123", {NAMES[0]: float("nan")})
    text = words(patient_html(patient, unknown, {NAMES[0]: READ[NAMES[0]]}, {NAMES[1]: IMAGES[NAMES[1]]}, "Demo"))
    assert "not defined" in text
    assert "The image cannot be read." in text
    assert "Not read by the model." in text
    assert "Share in the verdict" not in text and SIMULATED not in text


def test_a_patient_without_anything_still_has_a_page() -> None:
    text = words(patient_html(Patient("P", "training"), Verdict("P", 0.1, 0.5, "m"), {}, {}, "Demo"))
    assert "Negative" in text and "Node status from pathology unknown" in text


def test_an_uncertain_verdict_says_what_that_means() -> None:
    verdict, scores = Verdict("P", 0.45, 0.4, "m", uncertain=True), Undecided(0.31, 0.58, 0.1)
    text = words(patient_html(Patient("P", "training"), verdict, {}, {}, "Demo", undecided=scores))
    assert "0.45 Uncertain Between 0.31 and 0.58 the model does not decide" in text
    assert "at most 10 % of patients" in text
    assert NOT_DECIDED in words(patient_html(Patient("P", "training"), verdict, {}, {}, "Demo"))
    sure = words(patient_html(Patient("P", "t"), Verdict("P", 0.9, 0.4, "m"), {}, {}, "Demo", undecided=scores))
    assert "Positive" in sure and "does not decide" not in sure


def test_a_blinded_reader_s_report_says_nothing_of_the_outcome(patient: Patient) -> None:
    text = words(patient_html(patient, VERDICT, READ, IMAGES, "Demo", outcome_shown=False))
    assert "pathology" not in text and "Tumour images 1" in text


@pytest.mark.parametrize(
    ("score", "uncertain", "colour"),
    [(0.9, False, pictures.POSITIVE), (0.1, False, pictures.NEGATIVE), (0.6, True, pictures.UNCERTAIN)],
)
def test_the_shares_have_the_colour_of_the_verdict(
    patient: Patient, score: float, uncertain: bool, colour: tuple[int, int, int]
) -> None:
    verdict = Verdict("P<1>", score, 0.5, "abc123", {NAMES[0]: 0.29}, uncertain)
    expected = pictures.data_url(pictures.bar(0.29, colour, width=240, height=12))
    assert expected in patient_html(patient, verdict, READ, IMAGES, "Demo")


def has_colour(picture: pictures.Rgb, colour: tuple[int, int, int], columns: slice) -> bool:
    return bool((picture[:, columns] == colour).all(axis=-1).any())


def test_outlines_lie_where_they_were_drawn_and_predicted() -> None:
    drawn = Annotation("a.png", HEIGHT, WIDTH, (Shape("tumor", SQUARE),))
    picture = pictures.outlined(IMAGES[NAMES[0]], drawn, READ[NAMES[0]], 2 * WIDTH)
    assert picture.shape == (2 * HEIGHT, 2 * WIDTH, 3)
    left, right = slice(0, WIDTH), slice(WIDTH, None)
    assert has_colour(picture, pictures.DRAWN, left) and not has_colour(picture, pictures.DRAWN, right)
    assert has_colour(picture, pictures.PREDICTED, right) and not has_colour(picture, pictures.PREDICTED, left)
    assert (pictures.outlined(IMAGES[NAMES[0]], None, None, WIDTH) == 90).all()


def test_evidence_is_painted_where_the_model_saw_it() -> None:
    picture = pictures.heated(IMAGES[NAMES[0]], READ[NAMES[0]], 2.0, WIDTH)
    changed = (picture != 90).any(axis=-1)
    # Cell (2, 3) covers input pixels x 48..64, y 32..48: image x 60..80, y 20..40 at scale 0.8 and top 16.
    assert changed[30, 70] and picture[30, 70, 0] > 150
    assert not changed[:, :50].any() and not changed[:10].any()
    against = pictures.heated(IMAGES[NAMES[0]], finding("x", peak=-2.0), 2.0, WIDTH)[30, 70].astype(int)
    assert against[2] > 150 > 90 + against[0] - against[2], "evidence against is blue"
    nothing = finding("x", peak=float("nan"))
    assert (pictures.heated(IMAGES[NAMES[0]], nothing, 2.0, WIDTH) == 90).all()


def test_colours_mean_the_same_in_every_report_of_a_model(patient: Patient) -> None:
    weak = {NAMES[0]: finding(NAMES[0], peak=0.5), NAMES[1]: finding(NAMES[1], peak=4.0)}
    html = patient_html(patient, VERDICT, weak, IMAGES, "Demo", cam_top=23.7)
    assert "−25 +25 logits" in words(html)
    expected = pictures.data_url(pictures.heated(IMAGES[NAMES[0]], weak[NAMES[0]], 25.0, 2 * 170))
    assert expected in html


@pytest.mark.parametrize(("share", "filled"), [(0.0, 0), (0.25, 25), (1.0, 100), (7.0, 100), (float("nan"), 0)])
def test_a_bar_is_as_long_as_its_share(share: float, filled: int) -> None:
    picture = pictures.bar(share, pictures.POSITIVE, width=100, height=4)
    assert int((picture[0] == pictures.POSITIVE).all(axis=-1).sum()) == filled


def test_a_bar_carries_its_tick() -> None:
    picture = pictures.bar(0.2, pictures.NEGATIVE, 0.5, width=101, height=4)
    assert (picture[0, 50] == 20).all() and not (picture[0, 60] == 20).any()
