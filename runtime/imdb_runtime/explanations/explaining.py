"""Explanations by the native engine, out of its own scoring pass."""

from collections.abc import Sequence

import numpy as np

from imdb_runtime.bundle.manifest import Manifest
from imdb_runtime.engines.native import NativeEngine
from imdb_runtime.explanations.explanation import Explanation, true_labels
from imdb_runtime.tokenizer import Tokenizer
from imdb_runtime.twins import core_or_twin

_backend = core_or_twin("imdb_runtime.probabilities_reference")


def explain(
    engine: NativeEngine,
    tokenizer: Tokenizer,
    manifest: Manifest,
    threshold: float,
    texts: Sequence[str],
    labels: Sequence[str | None] | None,
) -> list[Explanation]:
    """Explain each of ``texts``; ``labels`` are the true ones, and only passed on.

    Raises
    ------
    InputError
        Where ``labels`` do not fit ``texts`` or are not the model's.
    """
    labels = true_labels(labels, len(texts), manifest.labels)
    encoded = tokenizer.encode(texts)
    attributions, logits, baselines = engine.explain(encoded)
    probabilities = _backend.probabilities(logits, manifest.temperature)
    explanations = []
    for number, (text, label) in enumerate(zip(texts, labels, strict=True)):
        of_words = attributions[encoded.offsets[number] : encoded.offsets[number + 1]]
        logit, baseline = float(logits[number]), float(baselines[number])
        explanations.append(
            Explanation(
                text=text,
                words=tokenizer.words(text)[: len(of_words)],
                attributions=of_words,
                label=manifest.labels[bool(probabilities[number] >= threshold)],
                probability=float(probabilities[number]),
                true_label=label,
                logit=logit,
                baseline_logit=baseline,
                delta=float(of_words.sum(dtype=np.float64)) - (logit - baseline),
                steps=0,
                word_count=int(encoded.word_counts[number]),
                method="integrated_gradients",
            )
        )
    return explanations
