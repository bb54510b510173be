"""A convolutional network over words and region embeddings, the teacher's strongest member."""

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.teacher.regions import Regions
from benchmarks.teacher.reviews import PARTS, Reviews
from benchmarks.teacher.steps import Steps
from imdb_train.glove import load_glove

_STEPS_AN_AVERAGE = 8


@dataclass(frozen=True)
class Settings:
    """How the network is made and trained."""

    features: int = 600
    width: int = 3
    epochs: int = 4
    batch: int = 64
    lr: float = 1e-3
    dropout: float = 0.5
    word_dropout: float = 0.05
    decay: float = 0.998  # of the average of the weights that is used in the end
    seed: int = 0


class RegionNetwork(nn.Module):
    """Filters over three words and, at the same place, the vector of the five words around it.

    ReLU, maximum over time, dropout, linear. The region embeddings stay as they were learnt.
    """

    def __init__(
        self, vectors: Tensor, regions: Regions, probe: Tensor, settings: Settings
    ) -> None:
        super().__init__()
        self.settings = settings
        self.regions = regions.requires_grad_(False)
        spread = regions.around(probe).square().mean(dim=0).sqrt().clamp(min=1e-3)
        self.register_buffer("scale", 1 / spread)
        dimension, features = vectors.shape[1], settings.features
        self.embedding = nn.Parameter(vectors)
        self.filters = nn.Parameter(
            _uniform(settings.width * dimension, settings.width, dimension, features)
        )
        self.mixing = nn.Parameter(_uniform(len(spread), len(spread), features))
        self.bias = nn.Parameter(torch.zeros(features))
        self.output = nn.Linear(features, 1)

    def forward(self, documents: list[Tensor]) -> Tensor:
        """Logits, float32 [n], of n reviews' ids, each int64 [words], at least one word."""
        distinct, words = torch.unique(torch.cat(documents), return_inverse=True)
        vectors = functional.embedding(distinct, self.embedding)
        products = torch.einsum("we,kef->kwf", vectors, self.filters)
        rows = words.split([len(document) for document in documents])
        found = [
            self._largest(ids, row, products.detach())
            for ids, row in zip(documents, rows, strict=True)
        ]
        # The maximum lets the gradient through at one place a filter: only there are the sums
        # computed again, this time for autograd.
        places = torch.stack([place for place, _ in found])
        at_places = torch.stack([vectors for _, vectors in found])
        sums = torch.einsum("bfd,df->bf", at_places, self.mixing)
        numbers = torch.arange(self.settings.features).expand_as(places)
        for offset, shift in self._shifts():
            read = [place + shift for place, _ in found]
            inside = torch.stack(
                [(at >= 0) & (at < len(row)) for at, row in zip(read, rows, strict=True)]
            )
            chosen = torch.stack(
                [row[at.clamp(0, len(row) - 1)] for at, row in zip(read, rows, strict=True)]
            )
            sums = sums + products[offset][chosen, numbers] * inside
        hidden = functional.dropout(
            torch.relu(sums + self.bias), self.settings.dropout, self.training
        )
        return self.output(hidden).squeeze(1)

    @torch.no_grad()
    def _largest(self, ids: Tensor, row: Tensor, products: Tensor) -> tuple[Tensor, Tensor]:
        """Where each filter is largest, int64 [features], and the region's vector there."""
        vectors = self.regions.around(ids) * self.scale
        sums = vectors @ self.mixing
        for offset, shift in self._shifts():
            low, high = max(0, -shift), min(len(row), len(row) - shift)
            if high > low:
                read = row[low + shift : high + shift]
                sums[low:high] += functional.embedding(read, products[offset])
        places = sums.argmax(dim=0)
        return places, vectors[places]

    def _shifts(self) -> list[tuple[int, int]]:
        return [
            (offset, offset - self.settings.width // 2) for offset in range(self.settings.width)
        ]


def train_network(
    reviews: Reviews, vectors_path: Path, regions: Regions, settings: Settings
) -> RegionNetwork:
    """Train on the labelled reviews; the weights are an average over the last steps."""
    torch.manual_seed(settings.seed)
    random = np.random.default_rng(settings.seed)
    vectors = load_glove(str(vectors_path), reviews.vocabulary.words, offline=True)
    start = torch.randn(len(reviews.vocabulary), vectors.dimension) * 0.05
    start[torch.from_numpy(vectors.found)] = torch.from_numpy(vectors.vectors)[vectors.found]
    start[0] = 0
    probe = torch.from_numpy(reviews.encoded["train"].ids[:20_000].astype(np.int64))
    network = RegionNetwork(start, regions, probe, settings)
    trained = [weight for weight in network.parameters() if weight.requires_grad]
    averages = [weight.detach().clone() for weight in trained]
    optimizer = torch.optim.Adam(trained, lr=settings.lr, fused=True)
    documents = reviews.documents("train")
    labels = torch.from_numpy(reviews.labels["train"])
    per_epoch = len(documents) // settings.batch
    total = per_epoch * settings.epochs
    steps = Steps(optimizer, total, settings.lr, warm_up=200)
    for step in range(total):
        if step % per_epoch == 0:
            order = random.permutation(len(documents))
        network.train()
        first = step % per_epoch * settings.batch
        rows = order[first : first + settings.batch]
        batch = [_drop_words(documents[row], settings.word_dropout) for row in rows]
        loss = functional.binary_cross_entropy_with_logits(network(batch), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        if step < per_epoch:
            network.embedding.grad = None  # the filters first: vectors stay for an epoch
        steps.set_rate(step)
        optimizer.step()
        steps.report(step, loss)
        if (step + 1) % _STEPS_AN_AVERAGE == 0:
            # Early weights are forgotten sooner.
            keep = settings.decay**_STEPS_AN_AVERAGE if step > 1000 else 0.9
            for average, weight in zip(averages, trained, strict=True):
                average.lerp_(weight.detach(), 1 - keep)
    with torch.no_grad():
        for average, weight in zip(averages, trained, strict=True):
            weight.copy_(average)
    return network


@torch.no_grad()
def network_logits(network: RegionNetwork, reviews: Reviews) -> dict[str, NDArray[np.float32]]:
    """The logits, float32 [n], of every part."""
    network.eval()
    batch = network.settings.batch
    logits = {}
    for part in PARTS:
        documents = reviews.documents(part)
        pieces = [
            network(documents[first : first + batch]) for first in range(0, len(documents), batch)
        ]
        logits[part] = torch.cat(pieces).numpy()
    return logits


def _drop_words(ids: Tensor, share: float) -> Tensor:
    return torch.where(torch.rand(len(ids)) < share, 1, ids)


def _uniform(inputs: int, *shape: int) -> Tensor:
    return torch.empty(*shape).uniform_(-1, 1) / math.sqrt(inputs)
