"""What each word adds to a review's logit, by Layer Integrated Gradients.

Sundararajan, Taly and Yan (2017), "Axiomatic Attribution for Deep Networks". The path runs from
the embedding of as many ``<pad>`` as the review has words to the embedding of the review. A term
of n-grams, which is linear and has no embedding, is shared out exactly.
"""

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from captum.attr import LayerIntegratedGradients
from torch import Tensor

from imdb_runtime.errors import BundleError, InputError
from imdb_runtime.explanations import Explanation, true_labels
from imdb_train.labels import LABELS
from imdb_train.models import Model
from imdb_train.run import Run

# The recurrent models are smooth along the path; the CNN has a kink wherever another window
# becomes a filter's largest, and needs more steps for a small delta.
DEFAULT_STEPS = {"cnn": 300, "lstm": 100, "gru": 100}
METHOD = "layer_integrated_gradients"
# Words in one forward and backward pass: about 250 MB for the default LSTM.
_WORDS_A_PASS = 4096


def explain(
    run: Run,
    texts: Sequence[str],
    *,
    labels: Sequence[str | None] | None = None,
    steps: int | None = None,
) -> list[Explanation]:
    """Explain each of ``texts`` with the model of ``run``.

    ``labels`` are the true ones, ``neg``, ``pos`` or None, one a text, and only passed on.
    ``steps`` is at how many points of the path the gradient is taken: more make ``delta`` smaller;
    None takes the architecture's ``DEFAULT_STEPS``.
    Words beyond the tokenizer's ``max_length`` take no part (``Explanation.truncated``).

    Raises
    ------
    InputError
        Where ``labels`` do not fit ``texts``, or ``steps`` is below one.
    BundleError
        Where the run's temperature, threshold or weights are not finite numbers.
    """
    if steps is None:
        steps = DEFAULT_STEPS[run.model.config.architecture]
    if steps < 1:
        raise InputError(f"steps is {steps}; it must be at least 1")
    labels = true_labels(labels, len(texts), LABELS)
    with _evaluation(run.model):
        return [
            _explain_one(run, text, label, steps) for text, label in zip(texts, labels, strict=True)
        ]


def _explain_one(run: Run, text: str, true_label: str | None, steps: int) -> Explanation:
    words = run.tokenizer.words(text)
    padded, read = run.tokenizer.encode_padded([text], np.int64)
    device = run.model.embedding.weight.device
    ids = torch.from_numpy(padded[:, : read[0]]).to(device)
    lengths = torch.from_numpy(read).to(device)
    baseline = torch.zeros_like(ids)  # <pad>
    with torch.no_grad():
        logit = float(run.model(ids, lengths))
        baseline_logit = float(run.model(baseline, lengths))
    if not (math.isfinite(logit) and math.isfinite(baseline_logit)):
        raise BundleError("the model's logit is not a finite number; train the run again")
    attributions = _attribute(run.model, ids, baseline, lengths, steps)
    scaled = torch.tensor(logit / run.temperature, dtype=torch.float64)
    probability = float(torch.sigmoid(scaled))
    return Explanation(
        text=text,
        words=words[: read[0]],
        attributions=attributions,
        label=LABELS[probability >= run.threshold],
        probability=probability,
        true_label=true_label,
        logit=logit,
        baseline_logit=baseline_logit,
        delta=float(attributions.sum(dtype=np.float64)) - (logit - baseline_logit),
        steps=steps,
        word_count=len(words),
        method=METHOD,
    )


def _attribute(
    model: Model, ids: Tensor, baseline: Tensor, lengths: Tensor, steps: int
) -> npt.NDArray[np.float32]:
    """Attributions, float32 [n], of one review's ``ids``, int64 [1, n]."""
    words = ids.shape[1]
    if words == 0:
        return np.zeros(0, dtype=np.float32)
    # cuDNN has no backward pass for a recurrent layer in evaluation mode.
    with torch.backends.cudnn.flags(enabled=False):
        method: Any = LayerIntegratedGradients(model.forward_through_embedding, model.embedding)
        by_dimension = method.attribute(
            ids,
            baseline,
            additional_forward_args=(lengths,),
            n_steps=steps,
            internal_batch_size=max(1, _WORDS_A_PASS // words),
        )
    # A model may pad the review before it embeds it; padding has the baseline's value, so zero.
    by_word = by_dimension[0, :words].sum(dim=1).detach()
    if model.ngrams is not None:
        with torch.no_grad():
            difference = model.ngrams.by_word(ids, lengths) - model.ngrams.by_word(
                baseline, lengths
            )
        by_word += difference[0]
    attributions: npt.NDArray[np.float32] = by_word.cpu().numpy()
    return attributions


@contextmanager
def _evaluation(model: Model) -> Iterator[None]:
    """Dropout off inside the block."""
    training = model.training
    model.eval()
    try:
        yield
    finally:
        model.train(training)
