"""The LSTM and GRU classifiers: bidirectional, at any length from zero."""

import torch
from torch import Tensor, nn

from imdb_train.models.config import ModelConfig


class RecurrentClassifier(nn.Module):
    """Embedding, dropout, a bidirectional LSTM or GRU, pooling, dropout, linear.

    The backward direction starts at a review's last word, whatever padding follows. A review of no
    words is read as one padding word.
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
            bidirectional=True,
            batch_first=True,
        )
        self.dropout = nn.Dropout(config.dropout)
        self.output = nn.Linear(2 * config.hidden, 1)
        self.ngrams = None

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits, float32 [batch], of ``ids``, int64 [batch, sequence], with ``lengths`` words."""
        words = lengths.clamp(min=1)
        ids = nn.functional.pad(ids, (0, 1))[:, : int(words.max())]
        sequence = self.dropout(self.embedding(ids))
        position = torch.arange(ids.shape[1], device=ids.device)
        inside = position < words[:, None]
        mirrored = torch.where(inside, words[:, None] - 1 - position, position)
        for layer in range(self.config.layers):
            if layer:
                sequence = self.dropout(sequence)
            sequence = self._read_both_ways(sequence, mirrored, layer)
        if self.config.pooling == "max":
            pooled = sequence.masked_fill(~inside[:, :, None], float("-inf")).amax(dim=1)
        else:
            forward, backward = sequence.split(self.config.hidden, dim=2)
            rows = torch.arange(len(ids), device=ids.device)
            pooled = torch.cat((forward[rows, words - 1], backward[:, 0]), dim=1)
        logits: Tensor = self.output(self.dropout(pooled))
        return logits.squeeze(1)

    def forward_through_embedding(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """The same: there is no other way."""
        return self.forward(ids, lengths)

    def _read_both_ways(self, sequence: Tensor, mirrored: Tensor, layer: int) -> Tensor:
        """A layer's states, forward and backward, [batch, sequence, 2 * hidden].

        Each direction is a call of its own on padded sequences: on the CPU that is four times as
        fast as both at once on packed ones, which oneDNN does not take.
        """
        index = mirrored[:, :, None]
        forward = self._read(sequence, f"l{layer}")
        turned = sequence.gather(1, index.expand_as(sequence))
        backward = self._read(turned, f"l{layer}_reverse")
        backward = backward.gather(1, index.expand_as(backward))
        return torch.cat((forward, backward), dim=2)

    def _read(self, sequence: Tensor, direction: str) -> Tensor:
        weights = [
            getattr(self.recurrent, f"{kind}_{direction}")
            for kind in ("weight_ih", "weight_hh", "bias_ih", "bias_hh")
        ]
        start = sequence.new_zeros(1, len(sequence), self.config.hidden)
        options = (True, 1, 0.0, self.training, False, True)
        if self.config.architecture == "lstm":
            states: Tensor = torch.lstm(sequence, (start, start), weights, *options)[0]
        else:
            states = torch.gru(sequence, start, weights, *options)[0]
        return states
