"""The convolutional classifier of Kim (2014), "Convolutional Neural Networks for Sentence
Classification", with windows that never look past the end of a review, and beside it, if asked
for, a linear term over hashed n-grams.
"""

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn

from imdb_runtime.ngrams import hash_ngrams
from imdb_train.models.config import ModelConfig
from imdb_train.models.windows import largest_windows


class ConvolutionalClassifier(nn.Module):
    """Parallel convolutions over the embedding, ReLU, max over time, dropout, linear.

    A filter of width k sees the ``max(n - k + 1, 1)`` windows that start inside a review of n
    words; a review shorter than k is seen once, followed by zeros. So a logit depends neither on
    padding nor on the rest of the batch, at any length from zero.

    With ``ngram_order`` above 0 the logit has a second term: the weights of the review's n-grams
    of 1 to ``ngram_order`` words, found by their hash, summed and divided by the square root of n.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(
            config.vocabulary_size, config.embedding_dimension, padding_idx=0
        )
        self.convolutions = nn.ModuleList(
            nn.Conv1d(config.embedding_dimension, config.filters, width) for width in config.widths
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.filters * len(config.widths), 1)
        self.ngrams = NgramTerm(config) if config.ngram_order else None

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits, float32 [batch], of ``ids``, int64 [batch, sequence], with ``lengths`` words."""
        return self._logits(self._gather(ids, lengths), ids, lengths)

    def forward_through_embedding(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The same, slower, by way of ``embedding``'s output for every word in its place."""
        return self._logits(self._convolve(ids, lengths), ids, lengths)

    def _logits(self, features: list[Tensor], ids: Tensor, lengths: Tensor) -> Tensor:
        logits: Tensor = self.output(self.dropout(torch.cat(features, dim=1))).squeeze(1)
        return logits if self.ngrams is None else logits + self.ngrams(ids, lengths)

    def _gather(self, ids: Tensor, lengths: Tensor) -> list[Tensor]:
        """Each width's features, [batch, filters], from products computed once a word."""
        padded = nn.functional.pad(ids, (0, max(self.config.widths)))
        distinct, words = torch.unique(padded, return_inverse=True)
        vectors = self.embedding(distinct)
        features = []
        for convolution in self.convolutions:
            filters, bias = cast(Tensor, convolution.weight), cast(Tensor, convolution.bias)
            width = filters.shape[2]
            products = [nn.functional.linear(vectors, each) for each in filters.unbind(dim=2)]
            largest = largest_windows(products, words, _windows(lengths, width))
            features.append(torch.relu(largest + bias))
        return features

    def _convolve(self, ids: Tensor, lengths: Tensor) -> list[Tensor]:
        """Each width's features, [batch, filters], by convolution over the embedded words."""
        padded = nn.functional.pad(ids, (0, max(self.config.widths)))
        embedded = self.embedding(padded).transpose(1, 2)
        position = torch.arange(padded.shape[1], device=ids.device)
        pooled = []
        for width, convolution in zip(self.config.widths, self.convolutions, strict=True):
            features = torch.relu(convolution(embedded))
            inside = position[: features.shape[2]] < _windows(lengths, width)[:, None]
            # After ReLU nothing is below zero, so zeroed windows cannot change the maximum.
            pooled.append((features * inside[:, None]).amax(dim=2))
        return pooled


class NgramTerm(nn.Module):
    """One weight for each bucket of n-grams; many n-grams share one (Weinberger et al. 2009)."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.order, self.buckets = config.ngram_order, config.ngram_buckets
        self.weight = nn.Parameter(torch.zeros(config.ngram_buckets))

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The term, float32 [batch], of ``ids``, int64 [batch, sequence], with ``lengths``."""
        total = self.weight.new_zeros(len(ids))
        for weights in self._weights(ids, lengths):
            total = total + weights.sum(dim=1)
        return total / _root(lengths)

    def by_word(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Each word's part of the term, [batch, sequence]: n-grams are shared by their words."""
        parts = self.weight.new_zeros(ids.shape)
        for order, weights in enumerate(self._weights(ids, lengths), 1):
            for place in range(order):
                parts += nn.functional.pad(weights, (place, 0))[:, : ids.shape[1]] / order
        return parts / _root(lengths)[:, None]

    def _weights(self, ids: Tensor, lengths: Tensor) -> Iterator[Tensor]:
        """For each order, the weight of the n-gram that begins at each word, [batch, sequence]."""
        padded = nn.functional.pad(ids, (0, self.order))
        position = torch.arange(ids.shape[1], device=ids.device)
        for order in range(1, self.order + 1):
            buckets = hash_ngrams(
                [padded[:, place : place + ids.shape[1]] for place in range(order)], self.buckets
            )
            inside = position < (lengths - order + 1)[:, None]
            yield nn.functional.embedding(buckets, self.weight[:, None]).squeeze(2) * inside


def _root(lengths: Tensor) -> Tensor:
    return lengths.clamp(min=1).sqrt()


def _windows(lengths: Tensor, width: int) -> Tensor:
    return (lengths - width + 1).clamp(min=1)
