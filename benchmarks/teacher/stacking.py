"""Several members' logits to one teacher's."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from benchmarks.teacher.reviews import Reviews

Member = Mapping[str, NDArray[np.float32]]


def stack(members: Mapping[str, Member], reviews: Reviews) -> tuple[dict[str, float], Member]:
    """Weights by logistic regression on validation, and the probabilities of every part that
    all members know.

    The regression also calibrates: its output is a probability as it stands.
    """
    names = sorted(members)
    validation = np.stack([members[name]["validation"] for name in names], axis=1)
    model = LogisticRegression(C=1.0).fit(validation, reviews.labels["validation"])
    probabilities = {}
    for part in sorted(set.intersection(*(set(member) for member in members.values()))):
        logits = np.stack([members[name][part] for name in names], axis=1)
        probabilities[part] = model.predict_proba(logits)[:, 1].astype(np.float32)
    return dict(zip(names, model.coef_[0].round(3).tolist(), strict=True)), probabilities


def accuracy(values: NDArray[np.float32], labels: NDArray[np.float32], threshold: float) -> float:
    """The share of ``values`` on the right side of ``threshold``."""
    return float(((values > threshold) == (labels > 0.5)).mean())
