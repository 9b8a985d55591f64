"""What a reader must know of the patients, the models and the looks at test data, from the project."""

from __future__ import annotations

from collections.abc import Sequence

from aln_desk.domain.patient import Cohort, Patient, View
from aln_desk.evaluation import provenance
from aln_desk.evaluation.document.content import Listing
from aln_desk.evaluation.study import Study
from aln_desk.evaluation.tables import words

MOST_LOOKS = 40


def cohorts_listing(study: Study) -> Listing:
    """Every cohort of the project that has patients, also those not evaluated."""
    rows = []
    for cohort in study.all_cohorts:
        patients = study.patients_of[cohort.name]
        if patients:
            rows.append(_cohort(cohort, patients, cohort in study.cohorts, study.digests[cohort.name]))
    columns = (
        "Cohort",
        "Role",
        "Patients",
        "Outcome known",
        "Positive (%)",
        "Images",
        "Admitted",
        "Hospitals",
        "Digest",
    )
    return Listing("Cohorts", columns, tuple(rows), (0.13, 0.1, 0.08, 0.09, 0.1, 0.14, 0.12, 0.1, 0.14))


def models_listing(study: Study) -> Listing:
    """Every scorer with what names it."""
    patients = [one for group in study.results.patients.values() for one in group]
    rows = []
    for record in study.records:
        scorer = record.scorer
        made = str(record.manifest.get("created") or "")[:10] or words.DASH
        learned = str(record.manifest.get("data_digest") or words.DASH)
        read = provenance.image_digest(record, patients) or words.DASH
        rows.append((scorer.name, scorer.key, _kind(record), made, learned, scorer.source or words.DASH, read))
    columns = ("Name", "Digest or key", "Kind", "Made", "Training data", "Scores", "Images read")
    return Listing("Models and other scorers", columns, tuple(rows), (0.13, 0.14, 0.1, 0.1, 0.16, 0.22, 0.15))


def looks_listing(study: Study) -> Listing | None:
    """When test cohorts were looked at, the latest `MOST_LOOKS`; None where none ever was."""
    names = {one.key: one.name for one in study.results.scorers}
    looks = study.looks[-MOST_LOOKS:]
    rows = tuple(
        (
            look.looked_at.replace("T", " ")[:16],
            look.cohort,
            str(look.patients),
            ", ".join(names.get(key, key) for key in look.scorers),
            look.rule,
            "; ".join(look.filters) or words.DASH,
            look.origin,
        )
        for look in looks
    )
    columns = ("When (UTC)", "Cohort", "Patients", "Scorers", "Threshold", "Filters", "Where")
    return Listing("Looks", columns, rows, (0.15, 0.15, 0.08, 0.3, 0.11, 0.12, 0.09)) if rows else None


def looks_sentence(study: Study) -> str:
    """How often each test cohort was looked at, and what that means."""
    looks = study.looks
    if not looks:
        return "No look at test data has been recorded in this project."
    counts = dict.fromkeys(sorted(look.cohort for look in looks), 0)
    for look in looks:
        counts[look.cohort] += 1
    told = "; ".join(f"{name} {count}" for name, count in counts.items())
    shown = f" The latest {MOST_LOOKS} are listed." if len(looks) > MOST_LOOKS else ""
    return (
        f"Test data were looked at {len(looks)} time{'s' if len(looks) > 1 else ''} so far (by cohort: {told}). "
        "Whoever looks often and changes models in between finds one that fits the tests by chance; so the software "
        f"records every look.{shown}"
    )


def _cohort(cohort: Cohort, patients: Sequence[Patient], evaluated: bool, digest: str) -> tuple[str, ...]:
    known = [one for one in patients if one.outcome is not None]
    positive = sum(bool(one.outcome) for one in known)
    dates = sorted(one.admission_date for one in patients if one.admission_date)
    hospitals = sorted({one.hospital for one in patients if one.hospital})
    tumour, node = (sum(one.count(view) for one in patients) for view in (View.TUMOUR, View.NODE))
    return (
        cohort.name + ("" if evaluated else " (not evaluated here)"),
        cohort.role.value,
        str(len(patients)),
        str(len(known)),
        words.share(positive, len(known)),
        f"{tumour} tumour, {node} node",
        f"{dates[0]} to {dates[-1]}" if dates else "unknown",
        ", ".join(hospitals) or "unknown",
        digest,
    )


def _kind(record: provenance.ModelRecord) -> str:
    return f"{record.kind} model" if record.kind else record.scorer.kind
