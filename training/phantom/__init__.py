"""Simulated patients: B-mode-like images with outlines, and an outcome whose best possible score is known.

`simulate` writes a study to a folder, `latent_report` says what the best reader of one would reach.
"""

from __future__ import annotations

from training.phantom.report import LatentReport, latent_report
from training.phantom.study import simulate

__all__ = ["LatentReport", "latent_report", "simulate"]
