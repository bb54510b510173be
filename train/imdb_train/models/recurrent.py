"""The LSTM and GRU classifiers: bidirectional, over packed sequences."""

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from imdb_train.models.config import ModelConfig


class RecurrentClassifier(nn.Module):
    """Embedding, dropout, a bidirectional LSTM or GRU, pooling, dropout, linear.

    Sequences are packed, so the backward direction starts at a review's last word, whatever
    padding follows. A review of no words is read as one padding word.
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(
            config.vocabulary_size, config.embedding_dimension, padding_idx=0
        )
        cell = nn.LSTM if config.architecture == "lstm" else nn.GRU
        self.recurrent = cell(
            config.embedding_dimension,
            config.hidden,
            num_layers=config.layers,
            dropout=config.dropout if config.layers > 1 else 0.0,
            bidirectional=True,
            batch_first=True,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(2 * config.hidden, 1)

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits, float32 [batch], of ``ids``, int64 [batch, sequence], with ``lengths`` words."""
        ids = nn.functional.pad(ids, (0, 1))
        words = lengths.clamp(min=1)
        embedded = self.dropout(self.embedding(ids))
        packed = pack_padded_sequence(embedded, words.cpu(), batch_first=True, enforce_sorted=False)
        outputs, state = self.recurrent(packed)
        if self.config.pooling == "max":
            unpacked, _ = pad_packed_sequence(
                outputs, batch_first=True, padding_value=float("-inf")
            )
            pooled = unpacked.amax(dim=1)
        else:
            hidden = state[0] if isinstance(state, tuple) else state
            pooled = torch.cat((hidden[-2], hidden[-1]), dim=1)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits.squeeze(1)
