"""What the window and its child processes (engine, training) say to each other: one JSON object a line.

Each message is a frozen dataclass; its JSON carries the class name under ``event``. Unknown keys are ignored and
unknown events give None, so that an older window survives a newer child.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, fields
from typing import Any, get_args


@dataclass(frozen=True, slots=True)
class Started:
    """A run began. ``folder`` is where it writes, ``device`` the torch device in words."""

    run: str
    folder: str
    device: str
    preset: str = ""


@dataclass(frozen=True, slots=True)
class Progress:
    """``done`` of ``total`` steps of a ``stage`` (`cli_output` has their words); seconds left or None."""

    stage: str
    done: int
    total: int
    seconds_left: float | None = None


@dataclass(frozen=True, slots=True)
class Curve:
    """Values at one step of a stage: ``part`` is ``train`` or ``validation``; e.g. {"loss": 0.7, "mask": 0.3}."""

    stage: str
    part: str
    step: int
    values: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SnapshotTaken:
    """Pictures of a few held-out images at one step of a stage lie in ``file``, a path from the run's folder."""

    stage: str
    step: int
    file: str


@dataclass(frozen=True, slots=True)
class Note:
    """One sentence worth showing and keeping in the log."""

    text: str


@dataclass(frozen=True, slots=True)
class Failed:
    """The work ended with an error; ``text`` is the sentence for the user, ``request`` the name of an
    `AssistRequest`'s kind that failed, empty for other work.
    """

    text: str
    request: str = ""


@dataclass(frozen=True, slots=True)
class Finished:
    """The work ended well; ``model`` is the new model's folder (training) and ``figures`` what it reached."""

    model: str = ""
    digest: str = ""
    figures: dict[str, float] = field(default_factory=dict)
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class InstancePredicted:
    """One image of the patient asked for by `Prefer` is read, others of the bag are not yet; arrays lie in ``file``."""

    patient: str
    instance: str
    model: str
    file: str


@dataclass(frozen=True, slots=True)
class BagPredicted:
    """One patient is read and the arrays lie in ``file``. A model of stage 1 alone gives no score and no threshold.

    ``uncertain``, ``seen`` and ``simulated`` are the verdict's.
    """

    patient: str
    score: float | None
    threshold: float | None
    model: str
    shares: dict[str, float]
    file: str = ""
    uncertain: bool = False
    seen: str = ""
    simulated: bool = False


@dataclass(frozen=True, slots=True)
class Device:
    """Where networks can run: ``kind`` as ``--device`` takes it (cpu, cuda or mps), ``name`` for people.

    ``memory_total`` and ``memory_free`` in bytes: the card's own, or for a processor the computer's.
    """

    kind: str
    name: str
    memory_total: int
    memory_free: int


@dataclass(frozen=True, slots=True)
class Predict:
    """To the engine: read every patient of ``project`` with ``model`` (a folder; empty: the adopted one)."""

    project: str
    model: str = ""
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class Prefer:
    """To the engine: read this patient next, it is on screen."""

    patient: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """To the engine: drop what is left of the current request; what was read stays."""


@dataclass(frozen=True, slots=True)
class AssistOpen:
    """To the engine: load a Segment Anything ``checkpoint`` (empty: none, and forget the one before).

    ``cache``: the folder where encoded images are kept, empty for none.
    """

    checkpoint: str
    cache: str = ""
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class AssistImage:
    """To the engine: encode this image file, it is on screen; then, when nothing else is to do, the ``upcoming`` one.

    An empty ``image`` means that none is.
    """

    image: str
    upcoming: str = ""


@dataclass(frozen=True, slots=True)
class AssistPrompt:
    """To the engine: what do these clicks mean? ``points`` [x, y] in image pixels, each with a label, 1 inside or 0
    outside; ``box`` [left, top, right, bottom]. ``number`` names the question. All points so far are given each time.
    """

    image: str
    points: list[list[float]]
    labels: list[int]
    box: list[float] | None
    number: int


@dataclass(frozen=True, slots=True)
class ProposeOutlines:
    """To the engine: what does the stage 1 of ``model``, a folder, outline in the image, or within the ``box``
    [left, top, right, bottom]?
    """

    image: str
    model: str
    box: list[float] | None
    number: int
    device: str = "auto"


@dataclass(frozen=True, slots=True)
class AssistOpened:
    """A checkpoint is loaded: ``name`` its size (ViT-B), ``digest`` its content, ``device`` the torch device."""

    checkpoint: str
    name: str
    digest: str
    device: str


@dataclass(frozen=True, slots=True)
class AssistProgress:
    """``done`` of ``total`` parts of encoding the image on screen."""

    image: str
    done: int
    total: int


@dataclass(frozen=True, slots=True)
class AssistReady:
    """The image on screen is encoded, which took so many ``seconds`` (0: it was before); prompts are answered fast."""

    image: str
    seconds: float


@dataclass(frozen=True, slots=True)
class AssistProposal:
    """The answer to the `AssistPrompt` of that number: closed ``polygons`` of points [x, y] in image pixels, the
    largest first, and in ``score`` the network's own estimate of their IoU. No polygon: it finds nothing there.
    """

    image: str
    number: int
    polygons: list[list[list[float]]]
    score: float


@dataclass(frozen=True, slots=True)
class OutlinesProposed:
    """The answer to the `ProposeOutlines` of that number, as `AssistProposal`. ``label``: what kind of lesion, in the
    word that shapes have; ``score``: the mean probability inside; ``model``: the model's digest.
    """

    image: str
    number: int
    label: str
    polygons: list[list[list[float]]]
    score: float
    model: str


AssistRequest = AssistOpen | AssistImage | AssistPrompt | ProposeOutlines
"""What the engine's assistant answers."""

Message = (
    Started
    | Progress
    | Curve
    | SnapshotTaken
    | Note
    | Failed
    | Finished
    | InstancePredicted
    | BagPredicted
    | Device
    | Predict
    | Prefer
    | Cancel
    | AssistRequest
    | AssistOpened
    | AssistProgress
    | AssistReady
    | AssistProposal
    | OutlinesProposed
)
_KINDS: dict[str, type[Any]] = {kind.__name__: kind for kind in get_args(Message)}


def to_line(message: Message) -> str:
    """One line of JSON without the newline; nan and infinities become null."""
    return json.dumps({"event": type(message).__name__, **_finite(asdict(message))}, ensure_ascii=False)


def from_line(line: str) -> Message | None:
    """The message of one line, or None for anything that is not one (blank line, a library's own print)."""
    try:
        record = json.loads(line)
        kind = _KINDS[record["event"]]
        known = {f.name for f in fields(kind)}
        message: Message = kind(**{key: value for key, value in record.items() if key in known})
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return message


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_finite(inner) for inner in value]
    if isinstance(value, float) and (value != value or value in (float("inf"), float("-inf"))):
        return None
    return value
