"""Scores to text in plain Python: the specification of ``csrc/rows.c``."""

import numpy as np
from numpy.typing import NDArray


def format_rows(
    probabilities: NDArray[np.float32],
    positive: NDArray[np.bool_],
    before_negative: bytes,
    before_positive: bytes,
    after: bytes,
) -> bytes:
    """A row for each of ``probabilities`` and ``positive``, both [n].

    A row is ``before_positive`` or ``before_negative``, the probability, within 0 and 1, with six
    decimals (``nan`` is written so), and ``after``.

    Raises
    ------
    ValueError
        Where there are not as many of the one as of the other.
    """
    if len(probabilities) != len(positive):
        raise ValueError(f"{len(probabilities)} probabilities, but {len(positive)} labels")
    before = (before_negative, before_positive)
    return b"".join(
        b"%b%.6f%b" % (before[is_positive], probability, after)
        for is_positive, probability in zip(positive.tolist(), probabilities.tolist(), strict=True)
    )
