"""The models' logits depend on the words of a review and on nothing else."""

import copy
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from imdb_runtime.errors import BundleError
from imdb_runtime.ngrams import hash_ngrams
from imdb_train.models import ModelConfig, build_model

VARIANTS: dict[str, dict[str, Any]] = {
    "cnn": {"architecture": "cnn"},
    "cnn-ngrams": {"architecture": "cnn", "ngram_order": 3, "ngram_buckets": 256},
    "lstm-last": {"architecture": "lstm"},
    "lstm-max": {"architecture": "lstm", "pooling": "max"},
    "gru-last": {"architecture": "gru"},
    "gru-max": {"architecture": "gru", "pooling": "max"},
}


def make(variant: str):
    torch.manual_seed(3)
    model = build_model(
        ModelConfig(
            vocabulary_size=50, embedding_dimension=6, filters=4, hidden=5, **VARIANTS[variant]
        )
    ).eval()
    if model.ngrams is not None:
        torch.nn.init.normal_(model.ngrams.weight)
    return model


MODELS = {variant: make(variant) for variant in VARIANTS}


def logits(model, reviews: list[list[int]], width: int) -> np.ndarray:
    ids = torch.zeros(len(reviews), width, dtype=torch.long)
    for row, review in zip(ids, reviews, strict=True):
        row[: len(review)] = torch.tensor(review, dtype=torch.long)
    with torch.no_grad():
        return model(ids, torch.tensor([len(review) for review in reviews])).numpy()


@pytest.mark.parametrize("variant", VARIANTS)
@settings(max_examples=30)
@given(
    reviews=st.lists(st.lists(st.integers(1, 49), max_size=12), min_size=1, max_size=6),
    padding=st.integers(0, 9),
)
def test_a_logit_depends_neither_on_padding_nor_on_the_batch(variant, reviews, padding):
    model = MODELS[variant]
    together = logits(model, reviews, max(map(len, reviews)) + padding)
    alone = [logits(model, [review], len(review))[0] for review in reviews]
    np.testing.assert_allclose(together, alone, atol=1e-5)


@pytest.mark.parametrize("variant", VARIANTS)
def test_an_empty_review_has_a_logit(variant):
    assert np.isfinite(logits(MODELS[variant], [[]], 0)).all()
    assert np.isfinite(logits(MODELS[variant], [[], []], 7)).all()


def test_the_cnn_is_what_its_formula_says():
    """max over the windows inside the review of relu(w · window + b), then linear."""
    model = MODELS["cnn"]
    review = [7, 3, 9, 30, 2, 11]
    embedding = model.embedding.weight.detach().numpy()[review]
    pooled = []
    for convolution in model.convolutions:
        weight, bias = convolution.weight.detach().numpy(), convolution.bias.detach().numpy()
        width = weight.shape[2]
        windows = [embedding[i : i + width].T for i in range(len(review) - width + 1)]
        values = np.array([(weight * window).sum((1, 2)) + bias for window in windows])
        pooled += np.maximum(values, 0).max(0).tolist()
    output = model.output
    expected = output.weight.detach().numpy()[0] @ pooled + output.bias.item()
    np.testing.assert_allclose(logits(model, [review], 9), [expected], rtol=1e-5)


@settings(max_examples=30)
@given(
    reviews=st.lists(st.lists(st.integers(1, 49), max_size=12), min_size=1, max_size=6),
    padding=st.integers(0, 9),
)
def test_the_cnn_has_a_faster_way_to_the_same_logits_and_gradients(reviews, padding):
    """Products computed once a word and gathered, against convolution over every place."""
    model = MODELS["cnn"]
    lengths = torch.tensor([len(review) for review in reviews])
    ids = torch.zeros(len(reviews), int(lengths.max()) + padding, dtype=torch.long)
    for row, review in zip(ids, reviews, strict=True):
        row[: len(review)] = torch.tensor(review, dtype=torch.long)
    results = []
    for forward in (model.forward, model.forward_through_embedding):
        model.zero_grad()
        logits = forward(ids, lengths)
        (logits * torch.arange(1, len(reviews) + 1)).sum().backward()
        results.append([logits.detach(), *(tensor.grad for tensor in model.parameters())])
    for fast, plain in zip(*results, strict=True):
        np.testing.assert_allclose(fast.numpy(), plain.numpy(), atol=1e-5)


def test_the_ngram_term_is_what_its_formula_says():
    """The weights of all runs of one to three words over the root of the length."""
    model = copy.deepcopy(MODELS["cnn-ngrams"])
    reviews = [[7, 3, 9, 30, 2, 7, 3], [], [4]]
    with_term = logits(model, reviews, 12)
    weight = model.ngrams.weight.detach().numpy().copy()
    torch.nn.init.zeros_(model.ngrams.weight)
    without = logits(model, reviews, 12)

    def term(words: list[int]) -> float:
        runs = [words[i : i + n] for n in (1, 2, 3) for i in range(len(words) - n + 1)]
        buckets = [hash_ngrams([np.array(word) for word in run], 256) for run in runs]
        return float(sum(weight[buckets]) / max(len(words), 1) ** 0.5)

    expected = [term(review) for review in reviews]
    assert expected[1] == 0.0 != expected[2]
    np.testing.assert_allclose(with_term - without, expected, atol=1e-5)


@pytest.mark.parametrize("architecture", ["lstm", "gru"])
def test_the_last_states_are_those_after_the_last_and_before_the_first_word(architecture):
    """The same network run by hand, unpacked, over the review alone."""
    model = MODELS[f"{architecture}-last"]
    review = torch.tensor([[4, 8, 15, 16, 23, 42]])
    with torch.no_grad():
        outputs, _ = model.recurrent(model.embedding(review))
        hidden = model.config.hidden
        ends = torch.cat((outputs[:, -1, :hidden], outputs[:, 0, hidden:]), dim=1)
        expected = model.output(ends)[0].numpy()
    np.testing.assert_allclose(logits(model, [review[0].tolist()], 20), expected, atol=1e-6)


def test_padding_is_never_trained():
    model = make("cnn").train()
    loss = model(torch.tensor([[5, 6, 0, 0]]), torch.tensor([2])).sum()
    loss.backward()
    assert not model.embedding.weight[0].any()
    assert not model.embedding.weight.grad[0].any()


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"architecture": "transformer"}, "transformer"),
        ({"pooling": "mean"}, "mean"),
        ({"colour": "red"}, "colour"),
        ({"ngram_order": 5}, "ngram_order is 5; it must be 0 to 4"),
        ({"ngram_order": 2, "ngram_buckets": 100}, "ngram_buckets is 100, not a power of two"),
        ({"ngram_order": 2}, "ngram_buckets is 0"),
    ],
)
def test_an_unknown_or_impossible_field_is_refused(wrong, message):
    with pytest.raises(BundleError, match=message):
        ModelConfig.from_json({"architecture": "cnn", "vocabulary_size": 5, **wrong})


def test_a_config_survives_json():
    config = ModelConfig("gru", 99, widths=(1, 2), pooling="max")
    assert ModelConfig.from_json(config.to_json()) == config
