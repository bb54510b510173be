"""Exact Integrated Gradients: C against its twin, and both against the integral taken in steps."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import spearmanr

from imdb_runtime import Classifier, _core
from imdb_runtime.engines import cnn_reference
from imdb_runtime.engines.cnn_weights import CnnWeights
from imdb_runtime.errors import DeviceError, InputError
from imdb_runtime.ngrams import hash_ngrams

from .test_cnn import TIERS, encoded, networks, plan_of, random_weights, texts_of


def integrated_in_steps(weights: CnnWeights, ids: list[int], steps: int = 400) -> np.ndarray:
    """Layer Integrated Gradients by its definition: float64, midpoints of ``steps`` steps."""
    vectors = weights.vectors(np.array(ids + [0] * max(weights.widths))).astype(np.float64)
    found = np.zeros(len(ids))
    outputs = weights.output_weights.reshape(len(weights.filters), -1)
    biases = weights.biases.reshape(len(weights.filters), -1)
    for alpha in (np.arange(steps) + 0.5) / steps:
        for filters, weight, bias in zip(weights.filters, outputs, biases, strict=True):
            width = filters.shape[2]
            count = max(len(ids) - width + 1, 1)
            parts = np.einsum("fdw,nd->fwn", filters.astype(np.float64), vectors)
            sums = sum(parts[:, place, place : place + count] for place in range(width))
            for number, window in enumerate(sums.argmax(axis=1)):
                if alpha * sums[number, window] + bias[number] > 0:
                    for place in range(min(width, len(ids) - window)):
                        found[window + place] += (
                            weight[number] * parts[number, place, window + place] / steps
                        )
    if weights.ngrams is not None:
        table = weights.ngrams.weights * weights.ngrams.scale / max(len(ids), 1) ** 0.5
        for order in range(1, min(weights.ngrams.order, len(ids)) + 1):
            padding = float(table[hash_ngrams([np.array(0)] * order, len(table))])
            for start in range(len(ids) - order + 1):
                words = [np.array(word) for word in ids[start : start + order]]
                weight = float(table[hash_ngrams(words, len(table))]) - padding
                found[start : start + order] += weight / order
    return found


@settings(max_examples=60, deadline=None)
@given(weights=networks, data=st.data(), temperature=st.sampled_from([1e-4, 1.0, 1e4]))
def test_every_tier_explains_as_the_twin_does(weights, data, temperature):
    plan = plan_of(weights, temperature)
    some = encoded(data.draw(texts_of(len(weights.embedding))))
    expected = cnn_reference.Cnn(plan).explain(some)
    for tier in TIERS:
        found = _core.Cnn(plan, tier).explain(some)
        for values, known in zip(found, expected, strict=True):
            np.testing.assert_allclose(values, known, rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(weights=networks, data=st.data())
def test_attributions_add_up_to_the_difference_of_the_logits(weights, data):
    texts = data.draw(texts_of(len(weights.embedding)))
    some = encoded(texts)
    network = _core.Cnn(plan_of(weights))
    attributions, logits, baselines = network.explain(some)
    np.testing.assert_array_equal(logits, network.logits(some))
    padding = network.logits(encoded([[0] * len(text) for text in texts]))
    np.testing.assert_allclose(baselines, padding, rtol=1e-5, atol=1e-4)
    for number, logit in enumerate(logits):
        of_text = attributions[some.offsets[number] : some.offsets[number + 1]]
        assert of_text.sum(dtype=float) == pytest.approx(logit - baselines[number], abs=1e-3)


@pytest.mark.parametrize("order", [0, 3])
def test_it_is_the_integral_of_the_gradients_but_for_the_rounding(order):
    weights = random_weights(filters=40, widths=(1, 2, 3), dimension=20, order=order)
    generator = np.random.default_rng(5)
    network = _core.Cnn(plan_of(weights, temperature=1e-4))  # all integers are wide
    for length in (1, 2, 7, 40):
        ids = generator.integers(1, 40, size=length).tolist()
        found, _, _ = network.explain(encoded([ids]))
        expected = integrated_in_steps(weights, ids)
        np.testing.assert_allclose(found, expected, atol=0.03 * np.abs(expected).max())
        if length > 2:
            assert spearmanr(found, expected).statistic > 0.99


def test_a_text_is_explained_the_same_alone_and_between_others():
    network = _core.Cnn(plan_of(random_weights(filters=40, order=2)))
    texts = [[], [5], [1, 2, 3], list(range(40))]
    together, _, _ = network.explain(encoded(texts))
    alone = [network.explain(encoded([text]))[0] for text in texts]
    np.testing.assert_array_equal(together, np.concatenate(alone))


def test_threads_do_not_change_an_attribution():
    texts = ["A dull film . " * 700, "", "Best film ever", "I loved it , every minute . " * 900]
    one, four = (Classifier.load(threads=threads).explain(texts) for threads in (1, 4))
    for first, second in zip(one, four, strict=True):
        np.testing.assert_array_equal(first.attributions, second.attributions)


def test_an_explanation_says_what_was_scored():
    classifier = Classifier.load()
    texts = ["I loved every minute of it", "A dreadful waste of time", ""]
    explanations = classifier.explain(texts, ["pos", "neg", None])
    assert [one.label for one in explanations] == classifier.predict(texts).tolist()
    assert [one.true_label for one in explanations] == ["pos", "neg", None]
    assert explanations[0].words == ["i", "loved", "every", "minute", "of", "it"]
    probabilities = classifier.predict_proba(texts)[:, 1]
    for one, probability in zip(explanations, probabilities, strict=True):
        assert one.probability == probability
        assert len(one.attributions) == len(one.words)
        assert abs(one.delta) < 1e-4
    assert explanations[0].words[explanations[0].attributions.argmax()] == "loved"
    assert explanations[1].attributions.sum() < 0


def test_words_beyond_the_models_length_take_no_part():
    (explanation,) = Classifier.load().explain(["good " * 2000])
    assert explanation.truncated
    assert len(explanation.words) == len(explanation.attributions) == 1024


def test_what_cannot_be_explained_is_refused():
    with pytest.raises(DeviceError, match="the native engine explains"):
        Classifier.load(engine="onnx").explain(["good"])
    classifier = Classifier.load()
    with pytest.raises(InputError, match="2 labels for 1 texts"):
        classifier.explain(["good"], ["pos", "neg"])
    with pytest.raises(InputError, match="unknown label 'good'"):
        classifier.explain(["good"], ["good"])
    with pytest.raises(TypeError, match="not a single one"):
        classifier.explain("good")
