import math

import numpy as np
import pytest
import torch
from torch import nn

from imdb_runtime.errors import BundleError, InputError
from imdb_runtime.ngrams import hash_ngrams
from imdb_train.explain.attributions import explain
from imdb_train.models import ARCHITECTURES
from imdb_train.run import Run

TEXTS = ("was", "it was", "It was a great film", "bad bad film it was a great unheard film " * 3)


def logits_of(model: nn.Module, embedded: torch.Tensor) -> torch.Tensor:
    """The model's logits of reviews of one length, embedded [reviews, n, dimension]: without
    packing, masks or padding beyond what a filter needs."""
    if model.config.architecture == "cnn":
        pooled = []
        for width, convolution in zip(model.config.widths, model.convolutions, strict=True):
            missing = max(width - embedded.shape[1], 0)
            padding = model.embedding.weight[0].expand(len(embedded), missing, -1)
            signal = torch.cat([embedded, padding], dim=1).transpose(1, 2)
            pooled.append(torch.relu(convolution(signal)).amax(dim=2))
        return model.output(torch.cat(pooled, dim=1))[:, 0]
    _, state = model.recurrent(embedded)
    hidden = state[0] if isinstance(state, tuple) else state
    return model.output(torch.cat([hidden[-2], hidden[-1]], dim=1))[:, 0]


def logit_of(model: nn.Module, embedded: torch.Tensor) -> float:
    return float(logits_of(model, embedded[None])[0].detach())


def ids_of(run: Run, text: str) -> torch.Tensor:
    known = {word: number for number, word in enumerate(run.tokenizer.vocabulary.words)}
    return torch.tensor([known.get(word, 1) for word in run.tokenizer.words(text)])


def riemann_sum(run: Run, text: str, steps: int) -> np.ndarray:
    """Integrated Gradients by its definition, with the middles of ``steps`` equal parts."""
    table = run.model.embedding.weight.detach()
    ids = ids_of(run, text)
    start, end = table[torch.zeros_like(ids)], table[ids]
    shares = ((torch.arange(steps) + 0.5) / steps)[:, None, None]
    points = (start + shares * (end - start)).requires_grad_()
    gradients = torch.autograd.grad(logits_of(run.model, points).sum(), points)[0]
    return ((end - start) * gradients.mean(dim=0)).sum(dim=1).numpy()


class Linear(nn.Module):
    """A logit that is the sum of a weight times each word's embedding."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(14, 3)
        self.ngrams = None
        self.weight = nn.Parameter(torch.tensor([2.0, -1.0, 0.5]))

    def forward(self, ids: torch.Tensor, lengths: torch.Tensor) -> torch.Tensor:
        inside = torch.arange(ids.shape[1]) < lengths[:, None]
        return ((self.embedding(ids) @ self.weight) * inside).sum(dim=1)

    forward_through_embedding = forward


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", TEXTS)
def test_attributions_are_the_integral_of_the_gradient(make_run, architecture, text):
    run = make_run(architecture)

    (explanation,) = explain(run, [text])

    expected = riemann_sum(run, text, steps=300)
    # The maximum over time has kinks, at which both sums are coarser.
    tolerance = 5e-3 if architecture == "cnn" else 1e-5
    np.testing.assert_allclose(explanation.attributions, expected, atol=tolerance, rtol=0)
    assert np.abs(expected).max() > 0.05, "the model must see the words for this to say something"


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", TEXTS)
def test_attributions_sum_to_the_difference_they_explain(make_run, architecture, text):
    run = make_run(architecture)

    (explanation,) = explain(run, [text])

    table = run.model.embedding.weight.detach()
    ids = ids_of(run, text)
    logit = logit_of(run.model, table[ids])
    baseline = logit_of(run.model, table[torch.zeros_like(ids)])
    assert explanation.logit == pytest.approx(logit, abs=1e-5)
    assert explanation.baseline_logit == pytest.approx(baseline, abs=1e-5)
    total = float(explanation.attributions.astype(float).sum())
    assert total - (logit - baseline) == pytest.approx(explanation.delta, abs=2e-5)
    assert abs(explanation.delta) < 0.01


def test_a_linear_model_is_explained_exactly_by_one_step(make_run):
    model = Linear()
    run = Run(model, make_run().tokenizer, {}, {})

    (explanation,) = explain(run, ["it was great"], steps=1)

    table = model.embedding.weight.detach()
    expected = [float((table[row] - table[0]) @ model.weight.detach()) for row in (2, 3, 5)]
    assert explanation.attributions.tolist() == pytest.approx(expected, abs=1e-5)
    assert explanation.delta == pytest.approx(0, abs=1e-5)


def test_an_ngram_is_shared_by_its_words_and_padding_is_what_it_differs_from(make_run):
    run = make_run("cnn", ngram_order=2, ngram_buckets=64)
    model, text = run.model, "it was great"
    with_term = explain(run, [text])[0].attributions
    weight = model.ngrams.weight.detach().clone()
    torch.nn.init.zeros_(model.ngrams.weight)
    without = explain(run, [text])[0].attributions

    def weight_of(*words: int) -> float:
        return float(weight[hash_ngrams([torch.tensor([word]) for word in words], 64)])

    it, was, great = ids_of(run, text).tolist()
    alone = [weight_of(word) - weight_of(0) for word in (it, was, great)]
    first, second = (weight_of(*pair) - weight_of(0, 0) for pair in ((it, was), (was, great)))
    expected = [alone[0] + first / 2, alone[1] + (first + second) / 2, alone[2] + second / 2]
    np.testing.assert_allclose(with_term - without, np.array(expected) / 3**0.5, atol=1e-5)


@pytest.mark.parametrize("text", TEXTS)
def test_with_ngrams_too_attributions_sum_to_the_difference(make_run, text):
    (explanation,) = explain(make_run("cnn", ngram_order=4, ngram_buckets=1024), [text])

    assert abs(explanation.delta) < 0.01
    assert abs(explanation.logit - explanation.baseline_logit) > 0.1


def test_the_baseline_is_as_long_as_the_review(make_run):
    run = make_run("lstm")

    explanations = explain(run, ["film", "it was a film"], steps=1)

    padding = run.model.embedding.weight.detach()[0]
    one, four, seven = (logit_of(run.model, padding.expand(length, -1)) for length in (1, 4, 7))
    assert [each.baseline_logit for each in explanations] == pytest.approx([one, four], abs=1e-6)
    assert min(abs(one - four), abs(four - seven)) > 1e-4


def test_a_review_is_explained_alike_alone_and_among_others(make_run):
    run = make_run("gru")

    together = explain(run, list(TEXTS), steps=20)

    for text, explanation in zip(TEXTS, together, strict=True):
        (alone,) = explain(run, [text], steps=20)
        np.testing.assert_array_equal(explanation.attributions, alone.attributions)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize("text", ["", " \n\t "])
def test_a_review_of_no_words_has_nothing_to_attribute(make_run, architecture, text):
    (explanation,) = explain(make_run(architecture), [text])

    assert explanation.words == []
    assert explanation.attributions.shape == (0,)
    assert explanation.delta == 0
    assert explanation.logit == explanation.baseline_logit
    assert not explanation.truncated


def test_words_beyond_the_maximum_length_take_no_part(make_run):
    run = make_run(max_length=3)

    cut, whole = explain(run, ["it was a great film", "it was a"])

    assert (cut.words, cut.word_count, cut.truncated) == (["it", "was", "a"], 5, True)
    assert (whole.words, whole.word_count, whole.truncated) == (["it", "was", "a"], 3, False)
    np.testing.assert_array_equal(cut.attributions, whole.attributions)


def test_an_explanation_carries_the_text_as_given_and_the_words_as_read(make_run):
    (explanation,) = explain(make_run(), ["Unheard Film"], labels=["neg"], steps=7)

    assert explanation.text == "Unheard Film"
    assert explanation.words == ["unheard", "film"]
    assert explanation.attributions.dtype == np.float32
    assert explanation.true_label == "neg"
    assert explanation.steps == 7


def test_the_probability_is_the_sigmoid_of_the_logit_over_the_temperature(make_run):
    (explanation,) = explain(make_run(temperature=2.5), ["a great film"], steps=1)

    assert explanation.probability == pytest.approx(1 / (1 + math.exp(-explanation.logit / 2.5)))


@pytest.mark.parametrize(("threshold", "label"), [(0.0001, "pos"), (0.9999, "neg")])
def test_the_label_follows_the_threshold_of_the_run(make_run, threshold, label):
    (explanation,) = explain(make_run(threshold=threshold), ["a great film"], steps=1)

    assert explanation.label == label


@pytest.mark.parametrize("name", ["temperature", "threshold"])
@pytest.mark.parametrize("value", ["hot", 0, -1, True, None, math.nan])
def test_a_setting_that_is_no_positive_number_is_named(make_run, name, value):
    run = make_run()
    run.config[name] = value

    with pytest.raises(BundleError, match=f"config.json: {name} is"):
        explain(run, ["film"], steps=1)


def test_weights_that_are_no_numbers_are_an_error(make_run):
    run = make_run()
    with torch.no_grad():
        run.model.output.bias.fill_(math.nan)

    with pytest.raises(BundleError, match="not a finite number"):
        explain(run, ["film"])


def test_labels_that_do_not_fit_the_texts_are_errors(make_run):
    run = make_run()

    with pytest.raises(InputError, match="1 labels for 2 texts"):
        explain(run, ["a", "b"], labels=["pos"])
    with pytest.raises(InputError, match="unknown label 'good'"):
        explain(run, ["a"], labels=["good"])
    with pytest.raises(InputError, match="steps is 0"):
        explain(run, ["a"], steps=0)


@pytest.mark.parametrize("training", [True, False])
def test_the_model_and_torch_are_left_as_they_were(make_run, training):
    run = make_run("lstm")
    evaluated = explain(run, ["a great film"], steps=5)[0]
    run.model.train(training)

    with torch.no_grad():
        again = explain(run, ["a great film"], steps=5)[0]
        assert not torch.is_grad_enabled()

    np.testing.assert_array_equal(again.attributions, evaluated.attributions)
    assert torch.is_grad_enabled()
    assert run.model.training is training
    assert all(weight.grad is None for weight in run.model.parameters())
    assert all(weight.requires_grad for weight in run.model.parameters())
    assert not run.model.embedding._forward_hooks


def test_cudnn_is_off_for_the_gradients_and_nowhere_else(make_run):
    run = make_run("lstm")
    seen = []
    run.model.output.register_forward_pre_hook(
        lambda module, arguments: seen.append(
            (torch.is_grad_enabled(), torch.backends.cudnn.enabled)
        )
    )
    assert torch.backends.cudnn.enabled

    explain(run, ["a great film"], steps=2)

    assert (True, False) in seen
    assert (True, True) not in seen
    assert torch.backends.cudnn.enabled


def test_a_long_review_is_taken_in_passes_of_bounded_size(make_run):
    run = make_run(max_length=1000)
    sizes = []
    run.model.embedding.register_forward_hook(
        lambda module, arguments, output: sizes.append(output.shape[0] * output.shape[1])
    )

    explain(run, ["film " * 900], steps=30)

    assert max(sizes) < 6000
    assert sum(sizes) >= 30 * 900
