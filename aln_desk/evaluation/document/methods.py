"""The methods, told from the models' manifests and the records of their runs; never from memory."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from aln_desk import __version__
from aln_desk.domain import presets
from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadSetting
from aln_desk.domain.patient import variable_words
from aln_desk.domain.recipe import Recipe
from aln_desk.domain.verdict import SIMULATED
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.results import Results
from aln_desk.evaluation.tables.table_two import rule_words
from aln_desk.evaluation.tables.words import number

LIBRARIES = ("numpy", "scipy", "statsmodels", "matplotlib", "reportlab")
"""Whose versions can change a figure."""

_GEOMETRY = {
    "letterbox": "scaled with their aspect kept, in training and in use",
    "stretch": "stretched to the square, in training and in use",
    "released": "scaled with their aspect kept in training and stretched in use, as in the released code",
}
_CALIBRATION = {
    "platt": "The score was calibrated by Platt's method on held-out training patients [@platt].",
    "temperature": "The score was calibrated by temperature scaling on held-out training patients [@guo].",
}
_AGGREGATORS = {
    "transformer": "a Transformer over the tokens of all images",
    "abmil": "attention pooling over the tokens of all images",
    "gated-abmil": "gated attention pooling over the tokens of all images",
    "dual-stream": "a dual-stream network over the tokens of all images",
    "mean-pool": "a network over the mean of the tokens",
    "max-pool": "a network over the maximum of the tokens",
    "view-pool": "a network that pools tumour and node images apart",
    "max": "the highest image score",
    "mean": "the mean of the image scores",
    "majority": "the majority of the image calls",
    "noisy-or": "the noisy-or of the image scores",
}
_LEARNED = ("transformer", "abmil", "gated-abmil", "dual-stream", "mean-pool", "max-pool", "view-pool")


def model_paragraph(record: ModelRecord) -> str:
    """How one scorer came by its scores."""
    name = f"{record.scorer.name} ({record.scorer.key})"
    if record.scorer.kind == "reader":
        return (
            f"{record.scorer.name}, a reader, judged patients from 1 (certainly no metastasis) to 5 (certain); 4 and 5 "
            "count as positive. Qualification and conditions of reading: to be told by the authors."
        )
    if record.scorer.kind == "import":
        return (
            f"The scores of {record.scorer.name} come from other software ({record.scorer.source}). How they were made "
            "is to be told by the authors."
        )
    if not record.manifest:
        return f"{name}: the project holds no description of this model; it is to be told by the authors."
    return " ".join([f"{name}:", *_sentences(record)])


def threshold_paragraph(results: Results) -> str:
    """How the thresholds were chosen."""
    rule = results.selection.rule
    told = [f"{rule_words(rule)} [@youden]." if rule.kind == "youden" else f"{rule_words(rule)}."]
    if rule.uses_outcomes:
        told.append("It was chosen on the very patients it is measured on, so figures at it are too good to be true.")
    if results.selection.filters:
        told.append(
            f"Only patients were looked at who pass: {'; '.join(one.text for one in results.selection.filters)}."
        )
    return " ".join(told)


def statistics_paragraph() -> str:
    """What was computed, and after whom."""
    return (
        "The AUC is the Mann-Whitney statistic with the variance of DeLong [@delong], computed by Sun and Xu's "
        "algorithm [@sun]; paired AUCs are compared with DeLong's test, and Holm's correction [@holm] is given beside "
        "uncorrected p. Sensitivity, specificity, predictive values and accuracy have Wilson's interval [@wilson]; "
        "calls of two models on the same patients are compared with the exact McNemar test [@mcnemar]. Average "
        "precision and all figures of masks have percentile intervals of bootstrap resamples of whole patients "
        "[@bootstrap]. Calibration is shown by tenths and a lowess curve, with slope, intercept [@calibration] and "
        "Brier score [@brier]; clinical use by net benefit [@vickers]. Categories are compared with Pearson's "
        "chi-square test without continuity correction, numbers with rank tests. Odds ratios are of logistic "
        "regression with Wald's limits; the nomogram follows Harrell [@harrell]. All intervals are 95 %, all tests "
        "two-sided. What is not defined (one outcome only, no patients) is shown as a dash with its reason. Patients "
        "without a score are left out of that model's figures and counted."
    )


def software_paragraph() -> str:
    """What computed the figures, with versions."""
    return f"Figures were computed by {', '.join(f'{name} {which}' for name, which in versions().items())}."


def versions() -> dict[str, str]:
    """Versions of this software, of Python and of the libraries that figures depend on."""
    found = {"ALN Desk": __version__, "Python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:  # frozen without its metadata
            found[name] = "unknown"
    return found


def _sentences(record: ModelRecord) -> Iterator[str]:
    training, recipe = record.training, _recipe(record.manifest)
    if record.kind == "clinical":
        yield _clinical(record, recipe)
    elif recipe is not None:
        yield from _stage_one(record)
        yield from _stage_two(record)
    if record.kind == "fusion":
        yield _fusion(record)
    yield _patients(training)
    yield from _sources(training)
    if recipe is not None and record.kind != "clinical":
        yield _preset(record, recipe)
        yield from _after(record)
    limit, rule = record.manifest.get("threshold"), record.manifest.get("threshold_rule")
    if rule and isinstance(limit, int | float):
        yield f"Threshold {number(limit)}: {rule}."
    yield from _run(record)
    if record.simulated:
        yield SIMULATED


def _stage_one(record: ModelRecord) -> Iterator[str]:
    """As the recipe has it that taught stage 1, which may be a base model's."""
    recipe = _recipe(record.stage_one)
    if recipe is None:
        yield f"Stage 1 was taken over as it stood from model {_base(record)}, of which the project holds no record."
        return
    one = recipe.mtl
    cited = " [@segformer]" if recipe.backbone.startswith("segformer") else ""
    yield (
        f"Stage 1 reads each image with {recipe.backbone}{cited} at {recipe.size} × {recipe.size} pixels, images "
        f"{_GEOMETRY.get(recipe.geometry, recipe.geometry)}."
    )
    if recipe.tasks == "status":
        yield "It has one task, the node status."
    else:
        yield (
            "A mask decoder after Segment Anything [@sam] with "
            f"{'a mask token' if recipe.mask_tokens == 1 else 'two mask tokens'} finds the lesion, and two heads on "
            "the attended features tell lesion type and node status [@paper]; the status head before its mean is the "
            "class activation map (CAM) [@cam]."
        )
    if record.bases:
        yield f"It was taken over as it stood from model {_base(record)}, whose training was this."
    start = f"published parameters ({_file_names(recipe.pretrained)})" if recipe.pretrained else "random numbers"
    yield (
        f"It started from {start} and was optimised by AdamW [@adamw] over {one.iterations} steps of {one.batch} "
        f"images, learning rate {one.learning_rate:g} (decoder and heads times {one.head_rate:g}), {one.warmup} steps "
        f"of warm-up, weight decay {one.weight_decay:g}, {'with' if one.augment else 'without'} augmentation; "
        f"parameters of the {one.keep} {'step' if one.keep == 'last' else 'validation'} were kept."
    )


def _base(record: ModelRecord) -> str:
    """The digest of the model whose training taught stage 1, as the one that took it over names it."""
    return str((record.manifest, *record.bases)[-2]["training"]["base"])


def _stage_two(record: ModelRecord) -> Iterator[str]:
    """As the recipe has it that taught stage 2: a fusion keeps its base model's."""
    if record.manifest.get("mil") is None:
        yield "There is no stage 2."
        return
    recipe = _recipe(record.stage_two)
    if recipe is None:
        yield "Stage 2 is that model's too."
        return
    two = recipe.mil
    shown = "all images" if recipe.views == "all" else "tumour images only"
    told = f"Stage 2 makes one score of a patient's images ({shown}) by {_AGGREGATORS.get(two.kind, two.kind)}"
    if two.kind not in _LEARNED:
        yield f"{told}."
        return
    size = f", {two.layers} layers" if two.kind == "transformer" else ""
    members = f", mean of {two.members} networks" if two.members > 1 else ""
    yield (
        f"{told}{size}{members}: {two.epochs} rounds, {two.batch} patients a step, AdamW, learning rate "
        f"{two.learning_rate:g}, weight decay {two.weight_decay:g}, dropout {two.dropout:g}. An image's share in the "
        "verdict is its Shapley value [@shapley]."
    )


def _clinical(record: ModelRecord, recipe: Recipe | None) -> str:
    names = [variable_words(name) for name in record.training.get("variables", [])]
    level = f" (p up to {recipe.enter:g}, univariate and then multivariate)" if recipe else ""
    return f"Logistic regression on {_listed(names) or 'clinical variables'}, chosen from the candidates{level}."


def _fusion(record: ModelRecord) -> str:
    names = [variable_words(name) for name in record.training.get("variables", [])]
    return (
        f"A logistic regression joins the images' logit, cross-fitted in the training patients, with "
        f"{_listed(names) or 'clinical variables'}."
    )


def _patients(training: Mapping[str, Any]) -> str:
    fit, tune = training.get("patients_fit"), training.get("patients_tune")
    cohorts = _listed([str(name) for name in training.get("cohorts", [])])
    if not fit:
        return "On how many patients it learned is not recorded."
    fold = f", fold {training['fold']}" if training.get("fold") else ""
    return f"It learned from {fit} patients of {cohorts}{fold}; {tune or 0} more were held out to measure progress."


def _sources(training: Mapping[str, Any]) -> Iterator[str]:
    """Where they came from; nothing for models of before that was kept."""
    told = [
        f"{one['name']} ({one['patients']} patients, {one['images']} images, {_outcomes(one)})"
        for one in training.get("sources") or []
    ]
    if told:
        yield f"Source{'s' if len(told) > 1 else ''}, held-out patients included: {_listed(told)}."


def _outcomes(source: Mapping[str, Any]) -> str:
    if not source["outcomes"]:
        return "no outcomes"
    some = "" if source["outcomes"] == source["patients"] else f" of {source['outcomes']} patients"
    return f"{'simulated outcomes' if source['simulated'] else 'outcomes'}{some}"


def _preset(record: ModelRecord, recipe: Recipe) -> str:
    """The preset, and what was set otherwise; settings of what was taken over had no effect, and are not told."""
    name = str(record.training.get("preset") or "")
    if record.kind == "fusion" or name not in presets.PRESETS:
        return f"Random seed {recipe.seed}."
    base, known = presets.preset(name).recipe, recipes.settings(recipe)
    changed = [
        f"{setting.words} ({key}) {recipes.value(recipe, key)}"
        for key, setting in known.items()
        if recipes.value(recipe, key) != recipes.value(base, key)
        and not (record.bases and (key in recipes.OF_STAGE_ONE or key.startswith("mtl.")))
    ]
    told = f"changed: {'; '.join(changed)}" if changed else "unchanged"
    return f"Preset {name}{' for stage 2' if record.bases else ''}, {told}. Random seed {recipe.seed}."


def _after(record: ModelRecord) -> Iterator[str]:
    """What is done to the score."""
    recipe = _recipe(record.manifest)
    if record.manifest.get("calibration") and recipe is not None:
        yield _CALIBRATION.get(recipe.calibration, "The score was calibrated on held-out training patients.")
    limits = record.manifest.get("conformal")
    if isinstance(limits, Mapping):
        yield (
            "Verdicts are called uncertain where class-conditional conformal prediction [@conformal] at an accepted "
            f"error of {limits.get('error', 0):g} leaves both outcomes possible."
        )


def _run(record: ModelRecord) -> Iterator[str]:
    software = record.training.get("versions") or {}
    used = ", ".join(f"{name} {which}" for name, which in software.items())
    device = str(record.training.get("device") or "")
    if used:
        yield f"Trained with {used}{f' on {device}' if device else ''}."
    if record.run is not None:
        seconds = f", {record.run.seconds:.0f} s" if record.run.seconds else ""
        yield f"Run {record.run.name}{seconds}."
    if record.manifest.get("data_digest"):
        yield f"Digest of its training data: {record.manifest['data_digest']}."


def _recipe(manifest: Mapping[str, Any]) -> Recipe | None:
    """Of the training that made the model; None where it is not known."""
    if not manifest:
        return None
    try:
        return recipes.from_dict(dict(dict(manifest.get("training") or {}).get("recipe") or {}))
    except BadSetting:
        return None


def _file_names(paths: str) -> str:
    """Without their folders, which are nobody's business."""
    return ", ".join(path.strip().replace("\\", "/").rpartition("/")[2] for path in paths.split(","))


def _listed(names: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)
