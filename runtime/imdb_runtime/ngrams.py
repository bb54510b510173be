"""Hashed n-grams: where in its table the weight of a run of words is.

Multiply-shift hashing (Dietzfelbinger et al. 1997) of word ids, in integers so small that a graph
of standard ONNX operators, PyTorch, numpy and C compute the same.
"""

from collections.abc import Sequence
from typing import Any, TypeVar

MAX_ORDER = 4
SHIFT = 26
# Odd numbers below 2^31 drawn once; row o - 1 is for n-grams of o words. With ids below 2^17 a sum
# stays below 2^50.
MULTIPLIERS = (
    (1_683_268_615,),
    (1_218_455_193, 2_033_615_237),
    (1_937_831_253, 1_492_356_591, 1_758_939_149),
    (1_303_498_741, 2_085_337_067, 1_576_211_867, 1_834_170_319),
)

Ids = TypeVar("Ids")


def hash_ngrams(words: Sequence[Ids], buckets: int) -> Ids:
    """The bucket, 0 to ``buckets`` - 1, of each n-gram.

    Parameters
    ----------
    words
        One int64 array (numpy or PyTorch) for each place in the n-gram, all of one shape.
    buckets
        A power of two.
    """
    total: Any = 0
    for word, multiplier in zip(words, MULTIPLIERS[len(words) - 1], strict=True):
        total = total + word * multiplier  # type: ignore[operator]
    hashed: Ids = (total >> SHIFT) % buckets
    return hashed
