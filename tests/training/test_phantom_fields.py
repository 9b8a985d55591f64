"""Random fields have the smoothness and spread they promise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import kurtosis

from training.phantom.fields import smooth_curve, smooth_noise, step


def test_smooth_noise_is_standard_and_smooth() -> None:
    noise = smooth_noise(np.random.default_rng(1), (256, 300), 8, 3)
    assert noise.shape == (256, 300) and noise.dtype == np.float32
    assert abs(float(noise.mean())) < 1e-4
    assert float(noise.std()) == pytest.approx(1.0, abs=1e-4)
    assert np.corrcoef(noise[:, :-4].ravel(), noise[:, 4:].ravel())[0, 1] > 0.7
    assert np.corrcoef(noise[:-4].ravel(), noise[4:].ravel())[0, 1] < 0.75
    assert abs(kurtosis(noise.ravel())) < 1.0


def test_smooth_curve_has_the_asked_length() -> None:
    curve = smooth_curve(np.random.default_rng(1), 300, 60)
    assert curve.shape == (300,)
    assert float(np.abs(np.diff(curve)).max()) < 0.2


def test_step_rises_from_0_to_1() -> None:
    assert step(np.array([-9.0, 0.0, 9.0], np.float32), 1.0).tolist() == [0.0, 0.5, 1.0]
