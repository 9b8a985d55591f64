"""A reader's signed judgement of one patient."""

from __future__ import annotations

from dataclasses import dataclass

from aln_desk.domain.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Review:
    """What one reader thought of one patient, once; a later thought is another review.

    ``judgement`` runs from 1 (certainly no metastasis) to 5 (certainly metastasis); else ValueError.
    ``seconds`` is the time from first sight to the judgement, ``signed_at`` ISO time with offset.
    ``verdict_shown`` is the model's verdict that the reader had seen when signing (its shares are not kept),
    None for a blind reading.
    """

    patient: str
    reader: str
    judgement: int
    note: str = ""
    seconds: float = 0.0
    signed_at: str = ""
    verdict_shown: Verdict | None = None

    def __post_init__(self) -> None:
        if self.judgement not in range(1, 6):
            raise ValueError(f"judgement must be 1 to 5, not {self.judgement}")
