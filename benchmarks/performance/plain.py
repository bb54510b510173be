"""The CNN as one writes it first in PyTorch, to score and to train."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as cross_entropy
from torch.optim import Optimizer
from torch.utils.data import DataLoader, TensorDataset

from imdb_runtime.tokenizer import Tokenizer
from imdb_train.corpus import Split
from imdb_train.models import Model
from imdb_train.models.config import ModelConfig
from imdb_train.run import Run

REVIEWS_A_BATCH = 32


class PlainCnn(nn.Module):
    """Embedding, convolutions, ReLU, maximum over time, linear; padding takes part."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.embedding = nn.Embedding(
            config.vocabulary_size, config.embedding_dimension, padding_idx=0
        )
        self.convolutions = nn.ModuleList(
            nn.Conv1d(config.embedding_dimension, config.filters, width) for width in config.widths
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(config.filters * len(config.widths), 1)

    def forward(self, ids: Tensor) -> Tensor:
        """Logits, float32 [batch], of ``ids``, int64 [batch, sequence]."""
        embedded = self.embedding(ids).transpose(1, 2)
        pooled = [torch.relu(each(embedded)).amax(dim=2) for each in self.convolutions]
        logits: Tensor = self.output(self.dropout(torch.cat(pooled, dim=1)))
        return logits.squeeze(1)

    @classmethod
    def of(cls, model: Model) -> "PlainCnn":
        """The same weights in the plain form."""
        plain = cls(model.config)
        plain.load_state_dict(model.state_dict())
        return plain.eval()


def load(folder: Path, threads: int) -> Run:
    """The run in ``folder``, PyTorch held to ``threads``."""
    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)
    return Run.load(folder)


def padded(split: Split, tokenizer: Tokenizer, length: int) -> TensorDataset:
    """Ids, int64 [n, length], and labels, float32 [n]."""
    encoded = tokenizer.encode(split.texts)
    ids, _ = encoded.pad(np.arange(len(split)))
    room = length - ids.shape[1]
    whole = nn.functional.pad(torch.from_numpy(ids), (0, room))
    return TensorDataset(whole, torch.from_numpy(split.labels.astype(np.float32)))


def train_epoch(
    model: PlainCnn, optimizer: Optimizer, data: TensorDataset, batch_size: int, clip: float
) -> None:
    """One pass over the reviews in random order."""
    model.train()
    for ids, labels in DataLoader(data, batch_size, shuffle=True):
        optimizer.zero_grad()
        cross_entropy(model(ids), labels).backward()
        nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()


def loss(model: PlainCnn, data: TensorDataset, batch_size: int) -> float:
    """The mean loss of a review."""
    model.eval()
    total = 0.0
    with torch.inference_mode():
        for ids, labels in DataLoader(data, batch_size):
            total += float(cross_entropy(model(ids), labels)) * len(labels)
    return total / len(data)
