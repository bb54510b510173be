"""The figures reported of a model, on numbers small enough to work out by hand."""

import math

import numpy as np
import pytest
import torch

from imdb_train.metrics import figures


def test_figures_worked_out_by_hand():
    probabilities = torch.tensor([0.9, 0.8, 0.3, 0.6, 0.1], dtype=torch.float64)
    logits = torch.logit(probabilities).float()
    labels = np.array([1, 1, 1, 0, 0], dtype=np.float32)
    found = figures(logits, labels)
    # Two of three positives found, one negative taken for one.
    assert found["confusion_matrix"] == [[1, 1], [1, 2]]
    assert found["precision"] == pytest.approx(2 / 3)
    assert found["recall"] == pytest.approx(2 / 3)
    assert found["f1"] == pytest.approx(2 / 3)
    assert found["accuracy"] == pytest.approx(3 / 5)
    # Of the six pairs of a positive and a negative, only (0.3, 0.6) is the wrong way round.
    assert found["roc_auc"] == pytest.approx(5 / 6)
    # Every review is alone in its bin: the mean distance of probability and label.
    assert found["calibration_error"] == pytest.approx((0.1 + 0.2 + 0.7 + 0.6 + 0.1) / 5, abs=1e-5)
    expected = -sum(map(math.log, (0.9, 0.8, 0.3, 0.4, 0.9))) / 5
    assert found["loss"] == pytest.approx(expected, rel=1e-5)
    assert found["reviews"] == 5
