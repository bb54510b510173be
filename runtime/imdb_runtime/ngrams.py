"""Hashed n-grams: where in its table the weight of a run of words is.

Multiply-shift hashing (Dietzfelbinger et al. 1997) of word ids: products with random odd numbers of
``WIDTH`` bits are summed, and the sum's highest bits within ``WIDTH`` are the bucket. 64-bit
integers hold it for ids below 2^21, so that a graph of standard ONNX operators, PyTorch, numpy and
C compute the same.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

MAX_ORDER = 4
WIDTH = 40
# Drawn once; row o - 1 is for n-grams of o words.
MULTIPLIERS = (
    (969_660_751_991,),
    (74_025_736_363, 138_388_741_895),
    (243_390_034_467, 843_490_950_237, 482_453_317_481),
    (269_051_784_587, 954_468_388_235, 442_618_471_369, 978_698_334_215),
)

Ids = TypeVar("Ids")


def hash_ngrams(words: Sequence[Ids], buckets: int) -> Ids:
    """The bucket, 0 to ``buckets`` - 1, of each n-gram.

    Parameters
    ----------
    words
        One int64 array (numpy or PyTorch) for each place in the n-gram, all of one shape.
    buckets
        A power of two, at most 2^``WIDTH``.
    """
    total: Any = 0
    for word, multiplier in zip(words, MULTIPLIERS[len(words) - 1], strict=True):
        total = total + word * multiplier  # type: ignore[operator]
    hashed: Ids = (total & (2**WIDTH - 1)) >> (WIDTH - buckets.bit_length() + 1)
    return hashed
