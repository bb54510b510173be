"""What a model is made of: everything needed to build it again, nothing about its training."""

from dataclasses import asdict, dataclass, fields
from typing import Any

from imdb_runtime.errors import BundleError
from imdb_runtime.ngrams import MAX_ORDER

ARCHITECTURES = ("lstm", "gru", "cnn")
POOLINGS = ("last", "max")
_MOST_BUCKETS = 2**30


def are_buckets(value: Any) -> bool:
    """Whether ``value`` can be a number of n-grams' buckets: a power of two, at most 2^30."""
    return type(value) is int and 0 < value <= _MOST_BUCKETS and value.bit_count() == 1


@dataclass(frozen=True)
class ModelConfig:
    """The architecture of a classifier.

    ``widths`` and ``filters`` (of each width) are the CNN's; ``hidden`` (per direction),
    ``layers`` and ``pooling`` are the recurrent models'. ``pooling`` is ``last``, the last
    forward and backward hidden states, or ``max``, the outputs max-pooled over time.
    ``ngram_order`` is the most words of an n-gram in the CNN's linear term, 0 for a CNN without;
    ``ngram_buckets``, a power of two, is how many weights the n-grams share.
    """

    architecture: str
    vocabulary_size: int
    embedding_dimension: int = 100
    dropout: float = 0.5
    widths: tuple[int, ...] = (3, 4, 5)
    filters: int = 64
    hidden: int = 256
    layers: int = 2
    pooling: str = "last"
    ngram_order: int = 0
    ngram_buckets: int = 0

    def __post_init__(self) -> None:
        if self.architecture not in ARCHITECTURES:
            raise BundleError(
                f"unknown architecture {self.architecture!r}; known are {', '.join(ARCHITECTURES)}"
            )
        if self.pooling not in POOLINGS:
            raise BundleError(f"unknown pooling {self.pooling!r}; known are {', '.join(POOLINGS)}")
        if self.ngram_order not in range(MAX_ORDER + 1):
            raise BundleError(f"ngram_order is {self.ngram_order!r}; it must be 0 to {MAX_ORDER}")
        if self.ngram_order and not are_buckets(self.ngram_buckets):
            raise BundleError(f"ngram_buckets is {self.ngram_buckets!r}, not a power of two")

    def to_json(self) -> dict[str, Any]:
        """The fields as JSON holds them."""
        return {**asdict(self), "widths": list(self.widths)}

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "ModelConfig":
        """The reverse of ``to_json``; raises ``BundleError`` on an unknown or missing field."""
        if not isinstance(values, dict):
            raise BundleError("config.json: model is malformed: not an object")
        unknown = set(values) - {field.name for field in fields(cls)}
        if unknown:
            raise BundleError(f"config.json: unknown model field {min(unknown)!r}")
        try:
            return cls(**{**values, "widths": tuple(values.get("widths", cls.widths))})
        except TypeError as error:
            raise BundleError(f"config.json: model: {error}") from error
