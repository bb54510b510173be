"""The temperature that makes probabilities true."""

import numpy as np
import pytest
import torch

from imdb_train.calibration import fit_temperature, plot_reliability


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_the_logits_were_made_with_is_found(temperature):
    random = np.random.default_rng(4)
    true_logits = random.normal(0, 2, 200_000)
    labels = (random.random(200_000) < 1 / (1 + np.exp(-true_logits))).astype(np.float32)
    logits = torch.from_numpy((true_logits * temperature).astype(np.float32))
    assert fit_temperature(logits, labels) == pytest.approx(temperature, rel=0.02)


def test_the_fitted_temperature_has_the_least_loss():
    random = np.random.default_rng(5)
    logits = torch.from_numpy(random.normal(0, 3, 500).astype(np.float32))
    labels = (random.random(500) < 0.5 + 0.3 * np.sign(logits.numpy())).astype(np.float32)

    def loss(temperature: float) -> float:
        target = torch.from_numpy(labels)
        scaled = logits / temperature
        return float(torch.nn.functional.binary_cross_entropy_with_logits(scaled, target))

    best = fit_temperature(logits, labels)
    assert loss(best) <= min(loss(best * 0.98), loss(best * 1.02))


def test_logits_that_are_never_wrong_have_the_lowest_temperature_allowed():
    assert fit_temperature(torch.tensor([-3.0, 2.0]), np.array([0, 1], np.float32)) <= 0.051


def test_the_reliability_diagram_is_a_picture(tmp_path):
    random = np.random.default_rng(6)
    probabilities = random.random(100).astype(np.float32)
    plot_reliability(probabilities, (probabilities > 0.5).astype(np.float32), tmp_path / "a.png")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
