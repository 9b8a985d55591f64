"""The figures of an evaluation, ready for a journal: plain functions from data to `matplotlib.figure.Figure`.

Nothing here opens a window or touches pyplot. What is not defined is said in grey where the figure would be.
"""

from __future__ import annotations

from aln_desk.evaluation.figures.output import rendered, write

__all__ = ["rendered", "write"]
