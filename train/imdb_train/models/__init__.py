"""The models: each maps padded word ids and lengths to one logit a review.

Every model has ``embedding`` (an ``nn.Embedding`` with ``<pad>`` at row 0), ``config``,
``ngrams`` (a linear term beside the rest, or None) and ``forward_through_embedding``, which
explanations hook.
"""

from typing import TypeAlias

from imdb_train.models.cnn import ConvolutionalClassifier
from imdb_train.models.config import ARCHITECTURES, ModelConfig
from imdb_train.models.recurrent import RecurrentClassifier

Model: TypeAlias = ConvolutionalClassifier | RecurrentClassifier

__all__ = ["ARCHITECTURES", "Model", "ModelConfig", "build_model"]


def build_model(config: ModelConfig) -> Model:
    """A freshly initialised model; seed torch first for the same weights again."""
    if config.architecture == "cnn":
        return ConvolutionalClassifier(config)
    return RecurrentClassifier(config)
