"""The convolutional classifier of Kim (2014), "Convolutional Neural Networks for Sentence
Classification", with windows that never look past the end of a review.
"""

import torch
from torch import Tensor, nn

from imdb_train.models.config import ModelConfig


class ConvolutionalClassifier(nn.Module):
    """Parallel convolutions over the embedding, ReLU, max over time, dropout, linear.

    A filter of width k sees the ``max(n - k + 1, 1)`` windows that start inside a review of n
    words; a review shorter than k is seen once, followed by zeros. So a logit depends neither on
    padding nor on the rest of the batch, at any length from zero.
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

    def forward(self, ids: Tensor, lengths: Tensor) -> Tensor:
        """Logits, float32 [batch], of ``ids``, int64 [batch, sequence], with ``lengths`` words."""
        widest = max(self.config.widths)
        padded = nn.functional.pad(ids, (0, widest))
        embedded = self.embedding(padded).transpose(1, 2)
        position = torch.arange(padded.shape[1], device=ids.device)
        pooled = []
        for width, convolution in zip(self.config.widths, self.convolutions, strict=True):
            features = torch.relu(convolution(embedded))
            windows = (lengths - width + 1).clamp(min=1)
            inside = position[: features.shape[2]] < windows[:, None]
            # After ReLU nothing is below zero, so zeroed windows cannot change the maximum.
            pooled.append((features * inside[:, None]).amax(dim=2))
        logits: Tensor = self.output(self.dropout(torch.cat(pooled, dim=1)))
        return logits.squeeze(1)
