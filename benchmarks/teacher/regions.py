"""Embeddings of regions of text, learnt from unlabelled reviews (Johnson & Zhang 2015).

"Semi-supervised Convolutional Neural Networks for Text Categorization via Region Embedding": the
words of five in a row, as a bag, give a vector that predicts words of the five before and behind.
"""

import math
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.teacher.reviews import Reviews
from benchmarks.teacher.steps import Steps

REGION = 5
# A gap this wide keeps what is predicted within the review.
_GAP = 12


@dataclass(frozen=True)
class Settings:
    """How region embeddings are trained."""

    dimension: int = 300
    epochs: int = 2  # each over a random half of all places
    batch: int = 8192
    samples: int = 512  # words drawn to tell the true one from, shared by a batch
    lr: float = 2e-3
    seed: int = 0


class Regions(nn.Module):
    """The vector of a region: ReLU of a bias and the sum of its words' rows."""

    def __init__(self, words: int, dimension: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.randn(words, dimension) * 0.05)
        self.bias = nn.Parameter(torch.zeros(dimension))

    def forward(self, windows: Tensor) -> Tensor:
        """Vectors, float32 [n, dimension], of ``windows``, int64 [n, REGION]; ``<pad>`` adds 0."""
        summed = functional.embedding_bag(windows, self.weight, mode="sum", padding_idx=0)
        return torch.relu(summed + self.bias)

    def around(self, ids: Tensor) -> Tensor:
        """The vector of the region around each word of a review, int64 [words]."""
        return self(functional.pad(ids, (REGION // 2, REGION // 2)).unfold(0, REGION, 1))


def train_regions(reviews: Reviews, settings: Settings) -> Regions:
    """Train on train and unlabelled reviews, predicting one word of each neighbouring region."""
    torch.manual_seed(settings.seed)
    stream = _stream(reviews)
    words = len(reviews.vocabulary)
    kept, drawn = _frequencies(stream, words)
    log_drawn = torch.log(drawn.clamp(min=1e-12)).float()
    model = Regions(words, settings.dimension)
    sides = nn.ModuleList(_Side(words, settings.dimension, place) for place in (-1, 1))
    parameters = [*model.parameters(), *sides.parameters()]
    optimizer = torch.optim.Adam(parameters, lr=settings.lr, betas=(0.9, 0.99), fused=True)
    centers = torch.nonzero(stream > 0).squeeze(1)
    per_epoch = len(centers) // 2 // settings.batch
    total = per_epoch * settings.epochs
    steps = Steps(optimizer, total, settings.lr, warm_up=100)
    around = torch.arange(-(REGION // 2), REGION // 2 + 1)
    for step in range(total):
        if step % per_epoch == 0:
            order = torch.randperm(len(centers))
        first = step % per_epoch * settings.batch
        places = centers[order[first : first + settings.batch]]
        vectors = model(stream[places[:, None] + around])
        sample = torch.multinomial(drawn, settings.samples, replacement=True)
        loss = torch.stack(
            [side(vectors, places, stream, kept, sample, log_drawn) for side in sides]
        ).sum()
        optimizer.zero_grad()
        loss.backward()
        steps.set_rate(step)
        optimizer.step()
        steps.report(step, loss)
    return model


class _Side(nn.Module):
    """Predicts a word of the region before (``place`` -1) or behind (1) by a sampled softmax."""

    def __init__(self, words: int, dimension: int, place: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(words, dimension))
        self.bias = nn.Parameter(torch.zeros(words))
        nearest = REGION // 2 + 1
        self.offsets = place * torch.arange(nearest, nearest + REGION)

    def forward(
        self,
        vectors: Tensor,
        places: Tensor,
        stream: Tensor,
        kept: Tensor,
        sample: Tensor,
        log_drawn: Tensor,
    ) -> Tensor:
        neighbours = stream[places[:, None] + self.offsets]
        chances = kept[neighbours].float()
        pick = torch.multinomial(chances + 1e-9, 1)
        target = neighbours.gather(1, pick).squeeze(1)
        exists = (chances.gather(1, pick).squeeze(1) > 0).float()
        expected = log_drawn + math.log(len(sample))
        own = (vectors * functional.embedding(target, self.weight)).sum(dim=1)
        own = own + self.bias[target] - expected[target]
        others = vectors @ functional.embedding(sample, self.weight).T
        others = others + self.bias[sample] - expected[sample]
        others = others.masked_fill(sample == target[:, None], -1e4)
        loss = torch.logsumexp(torch.cat((own[:, None], others), dim=1), dim=1) - own
        return (loss * exists).mean()


def _stream(reviews: Reviews) -> Tensor:
    gap = np.zeros(_GAP, dtype=np.int32)
    pieces = [gap]
    for part in ("train", "unlabelled"):
        encoded = reviews.encoded[part]
        for start, end in zip(encoded.offsets[:-1], encoded.offsets[1:], strict=True):
            pieces += [encoded.ids[start:end], gap]
    return torch.from_numpy(np.concatenate(pieces).astype(np.int64))


def _frequencies(stream: Tensor, words: int) -> tuple[Tensor, Tensor]:
    """How readily a word is predicted, how often drawn: word2vec's subsampling and 3/4 power."""
    counts = torch.bincount(stream, minlength=words).double()
    counts[:2] = 0
    kept = torch.sqrt(1e-4 / (counts / counts.sum()).clamp(min=1e-12)).clamp(max=1.0)
    kept[:2] = 0
    drawn = (counts * kept) ** 0.75
    return kept, drawn / drawn.sum()
