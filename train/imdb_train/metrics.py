"""Scoring a model on labelled reviews, and the figures that are reported of it."""

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torchmetrics.functional import classification

from imdb_train.batches import EvaluationBatches, LabelledReviews
from imdb_train.models import Model

CALIBRATION_BINS = 15


@torch.no_grad()
def predict_logits(model: Model, reviews: LabelledReviews) -> Tensor:
    """The logits, float32 [n], in the reviews' order, by ``model`` in evaluation mode."""
    model.eval()
    device = model.output.weight.device
    batches = EvaluationBatches(reviews)
    logits = torch.empty(len(reviews))
    for rows, (ids, lengths, _) in zip(batches.rows, batches, strict=True):
        logits[rows] = model(ids.to(device), lengths.to(device)).float().cpu()
    return logits


def figures(logits: Tensor, labels: NDArray[np.float32]) -> dict[str, Any]:
    """Loss, F1, accuracy, precision, recall, ROC-AUC, calibration error and confusion matrix.

    They are those of ``logits``, float32 [n], against ``labels`` (0 ``neg``, 1 ``pos``).

    F1, precision and recall are of ``pos`` at threshold 0.5. The calibration error is the expected
    one (Naeini et al. 2015) over 15 bins of the probability of ``pos``; the confusion matrix has a
    row for each true label and a column for each predicted one.
    """
    target = torch.from_numpy(labels)
    probability = torch.sigmoid(logits)
    whole = target.long()
    loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target)
    return {
        "reviews": len(labels),
        "loss": float(loss),
        "f1": float(classification.binary_f1_score(probability, whole)),
        "accuracy": float(classification.binary_accuracy(probability, whole)),
        "precision": float(classification.binary_precision(probability, whole)),
        "recall": float(classification.binary_recall(probability, whole)),
        "roc_auc": float(classification.binary_auroc(probability, whole)),
        "calibration_error": float(
            classification.binary_calibration_error(probability, whole, n_bins=CALIBRATION_BINS)
        ),
        "confusion_matrix": classification.binary_confusion_matrix(probability, whole).tolist(),
    }
