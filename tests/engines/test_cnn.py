"""The network on integers: C against its twin, and both against the definition in float."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing import get_context

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imdb_runtime import _core
from imdb_runtime.engines import cnn_plan, cnn_reference
from imdb_runtime.engines.cnn_plan import CnnPlan, make_plan, value_ranges
from imdb_runtime.engines.cnn_weights import CnnWeights, NgramWeights
from imdb_runtime.ngrams import hash_ngrams
from imdb_runtime.tokenizer import Encoded

TIERS = _core.engine_tiers()


def random_weights(
    seed: int = 0,
    words: int = 40,
    dimension: int = 7,
    widths: tuple[int, ...] = (2, 3),
    filters: int = 5,
    order: int = 0,
    small: bool = False,
) -> CnnWeights:
    """Weights drawn from ``seed``; ``small`` is an embedding, and n-grams, of int8."""
    generator = np.random.default_rng(seed)

    def draw(*shape: int) -> NDArray[np.float32]:
        return generator.normal(size=shape).astype(np.float32)

    embedding, scales = draw(words, dimension), None
    embedding[0] = 0
    ngrams = NgramWeights(order, draw(64), 1.0) if order else None
    if small:
        embedding = generator.integers(-127, 128, (words, dimension)).astype(np.int8)
        embedding[0], scales = 0, np.abs(draw(words)) / 100
        if order:
            ngrams = NgramWeights(order, generator.integers(-127, 128, 64).astype(np.int8), 0.01)
    return CnnWeights(
        embedding=embedding,
        embedding_scales=scales,
        filters=tuple(draw(filters, dimension, width) for width in widths),
        biases=draw(filters * len(widths)),
        output_weights=draw(filters * len(widths)),
        output_bias=0.25,
        ngrams=ngrams,
    )


def plan_of(weights: CnnWeights, temperature: float = 1.0) -> CnnPlan:
    return make_plan(weights, value_ranges(weights), temperature)


def encoded(texts: list[list[int]]) -> Encoded:
    lengths = np.array([len(text) for text in texts], dtype=np.int64)
    ids = np.array([word for text in texts for word in text], dtype=np.int32)
    return Encoded(ids, np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64), lengths)


def logit_in_float(weights: CnnWeights, ids: list[int]) -> float:
    """The logit of one text, window by window, in float64."""
    padded = np.array(ids + [0] * max(weights.widths))
    vectors = weights.vectors(padded).astype(np.float64)
    features: list[float] = []
    for filters in weights.filters:
        width = filters.shape[2]
        windows = [
            np.einsum("fdw,wd->f", filters.astype(np.float64), vectors[start : start + width])
            for start in range(max(len(ids) - width + 1, 1))
        ]
        features.extend(np.max(windows, axis=0))
    rectified = np.maximum(np.array(features) + weights.biases, 0)
    logit = float(rectified @ weights.output_weights) + weights.output_bias
    if weights.ngrams is not None:
        table, total = weights.ngrams.weights, 0.0
        for order in range(1, weights.ngrams.order + 1):
            for start in range(len(ids) - order + 1):
                words = [np.array(word) for word in ids[start : start + order]]
                total += float(table[hash_ngrams(words, len(table))])
        logit += total * weights.ngrams.scale / max(len(ids), 1) ** 0.5
    return logit


@pytest.fixture
def plan() -> CnnPlan:
    return plan_of(random_weights(filters=40, order=2))


@pytest.fixture
def texts() -> list[list[int]]:
    """Texts of every length from 0 on, and some long ones."""
    generator = np.random.default_rng(3)
    lengths = [*range(12), 31, 32, 33, 34, 100, 300]
    return [generator.integers(40, size=length).tolist() for length in lengths]


# Shapes around the sizes that matter: blocks of 32 filters, pairs of places, widths known and not.
networks = st.builds(
    random_weights,
    seed=st.integers(0, 2**32 - 1),
    words=st.integers(3, 40),
    dimension=st.integers(1, 20),
    widths=st.lists(st.integers(1, 9), min_size=1, max_size=3).map(tuple),
    filters=st.sampled_from([1, 5, 31, 32, 33, 64, 70, 130]),
    order=st.integers(0, 4),
    small=st.booleans(),
)


def texts_of(words: int) -> st.SearchStrategy[list[list[int]]]:
    return st.lists(st.lists(st.integers(0, words - 1), max_size=80), max_size=6)


@settings(max_examples=60, deadline=None)
@given(weights=networks, data=st.data(), temperature=st.sampled_from([1e-4, 1.0, 1e4]))
def test_every_tier_gives_the_numbers_of_the_twin(weights, data, temperature):
    # The temperatures make all integers wide, some, or none.
    plan = plan_of(weights, temperature)
    some = encoded(data.draw(texts_of(len(weights.embedding))))
    twin = cnn_reference.Cnn(plan)
    maxima, logits = twin.maxima(some), twin.logits(some)
    for tier in TIERS:
        network = _core.Cnn(plan, tier)
        assert network.tier == tier
        np.testing.assert_array_equal(network.maxima(some), maxima)
        np.testing.assert_allclose(network.logits(some), logits, rtol=1e-6, atol=1e-5)


def test_every_tier_gives_the_same_logits_to_the_last_bit(plan, texts):
    first, *others = [_core.Cnn(plan, tier).logits(encoded(texts)) for tier in TIERS]
    for other in others:
        np.testing.assert_array_equal(first, other)


@settings(max_examples=40, deadline=None)
@given(weights=networks, data=st.data())
def test_logits_are_those_of_the_definition_but_for_the_rounding(weights, data):
    texts = data.draw(texts_of(len(weights.embedding)))
    plan = plan_of(weights)
    expected = [logit_in_float(weights, text) for text in texts]
    # No place is further off than half a step, and float32 adds some of its own.
    filters = [(summed.wide + summed.narrow) * cnn_plan.LANES for summed in plan.passes]
    widths = np.repeat([summed.width for summed in plan.passes], filters)
    allowed = float((widths * plan.scales / 2) @ np.abs(plan.output_weights)) + 1e-3
    for network in (_core.Cnn(plan), cnn_reference.Cnn(plan)):
        found = network.logits(encoded(texts))
        np.testing.assert_allclose(found, expected, atol=allowed, rtol=1e-4)


def test_more_precision_is_taken_until_the_deviation_is_small_enough():
    weights = random_weights(filters=64, widths=(3, 4, 5), words=300, dimension=30)
    generator = np.random.default_rng(0)
    texts = [generator.integers(1, 300, size=50).tolist() for _ in range(300)]
    expected = np.array([logit_in_float(weights, text) for text in texts])
    wide, deviations = [], []
    for temperature in (1e4, 50.0, 1e-4):
        plan = plan_of(weights, temperature)
        wide.append(sum(summed.wide for summed in plan.passes))
        deviations.append(float(np.std(_core.Cnn(plan).logits(encoded(texts)) - expected)))
    assert wide[0] == 0 < wide[1] < wide[2] == 6
    assert deviations[0] > deviations[1] > 10 * deviations[2]
    assert deviations[1] <= cnn_plan.ROUNDING_DEVIATION * 50


def test_nothing_depends_on_which_words_were_seen_first(plan, texts):
    one, other = _core.Cnn(plan), _core.Cnn(plan)
    forwards = [one.logits(encoded([text]))[0] for text in texts]
    backwards = [other.logits(encoded([text]))[0] for text in reversed(texts)]
    assert forwards == backwards[::-1]
    np.testing.assert_array_equal(forwards, _core.Cnn(plan).logits(encoded(texts)))


def test_a_text_scores_the_same_alone_and_between_others(plan, texts):
    network = _core.Cnn(plan)
    together = network.logits(encoded(texts))
    for number, text in enumerate(texts):
        assert network.logits(encoded([text]))[0] == together[number]


def test_threads_share_a_network_that_has_seen_nothing_yet(plan):
    generator = np.random.default_rng(1)
    texts = [[generator.integers(40, size=60).tolist()] for _ in range(64)]
    known = _core.Cnn(plan)
    expected = [known.logits(encoded(text))[0] for text in texts]
    for _ in range(20):
        fresh = _core.Cnn(plan)
        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(lambda text: fresh.logits(encoded(text))[0], texts))  # noqa: B023
        assert found == expected


def score_in_fork(network, text) -> float:
    return float(network.logits(encoded([text]))[0])


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_forked_process_goes_on_with_the_network(plan, texts):
    network = _core.Cnn(plan)
    expected = float(network.logits(encoded([texts[-1]]))[0])
    fresh = _core.Cnn(plan)
    fresh.logits(encoded([texts[3]]))
    process = get_context("fork").Process(
        target=lambda: os._exit(score_in_fork(fresh, texts[-1]) != expected)
    )
    process.start()
    process.join(30)
    assert process.exitcode == 0


def test_no_texts_have_no_logits(plan):
    for network in (_core.Cnn(plan), cnn_reference.Cnn(plan)):
        assert network.logits(encoded([])).shape == (0,)
        assert network.maxima(encoded([])).shape == (0, plan.features)


@pytest.mark.parametrize("wrong", [-1, 40, 2**31 - 1])
def test_an_id_that_is_not_of_the_vocabulary_is_refused(plan, wrong):
    with pytest.raises(IndexError, match="not of the vocabulary"):
        _core.Cnn(plan).logits(encoded([[1, wrong]]))


@pytest.mark.parametrize("offsets", [[0, 1], [1, 2], [0, 2, 1, 2], [0, 3]])
def test_offsets_that_are_not_those_of_the_ids_are_refused(plan, offsets):
    texts = encoded([[1, 2]])._replace(offsets=np.array(offsets))
    with pytest.raises(IndexError, match="offsets"):
        _core.Cnn(plan).logits(texts)


def test_a_tier_that_this_machine_has_not_is_refused(plan):
    with pytest.raises(ValueError, match="no tier 'mmx'"):
        _core.Cnn(plan, "mmx")


def test_arrays_of_another_type_are_refused(plan: CnnPlan):
    with pytest.raises(ValueError, match="steps are not float32"):
        _core.Cnn(replace(plan, steps=plan.steps.astype(np.float64)))
