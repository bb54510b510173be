import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime import _core
from imdb_runtime.scoring import rows_reference

BEFORE_AND_AFTER = (b"neg\t", b"pos\t", b"\n")


def rows_of_both(probabilities: np.ndarray, positive: np.ndarray) -> list[list[bytes]]:
    return [
        module.format_rows(probabilities, positive, *BEFORE_AND_AFTER).splitlines()
        for module in (_core, rows_reference)
    ]


@given(st.lists(st.tuples(st.floats(0, 1, width=32) | st.just(float("nan")), st.booleans())))
def test_rows_in_c_are_those_in_python(scores):
    probabilities = np.array([probability for probability, _ in scores], np.float32)
    positive = np.array([is_positive for _, is_positive in scores], np.bool_)
    in_c, in_python = rows_of_both(probabilities, positive)
    assert in_c == in_python
    assert in_c == [
        f"{'pos' if is_positive else 'neg'}\t{probability:.6f}".encode()
        for probability, is_positive in scores
    ]


def test_a_hundred_thousand_floats_of_every_size_are_formatted_as_python_does():
    generator = np.random.default_rng(0)
    # Every exponent that a float between 0 and 1 can have, as often.
    exponents = generator.integers(0, 127, 100_000, dtype=np.uint32)
    fractions = generator.integers(0, 1 << 23, 100_000, dtype=np.uint32)
    spread = (exponents << 23 | fractions).view(np.float32)
    usual = generator.random(100_000, dtype=np.float32)
    for probabilities in (spread, usual, 1 - spread):
        in_c, _ = rows_of_both(probabilities, probabilities >= 0.5)
        assert [row.split(b"\t")[1].decode() for row in in_c] == [
            f"{probability:.6f}" for probability in probabilities.tolist()
        ]


def test_halves_are_rounded_to_even():
    # The only floats that lie between two numbers of six decimals are odd multiples of 1/128.
    probabilities = np.arange(1, 128, 2, dtype=np.float32) / 128
    in_c, in_python = rows_of_both(probabilities, probabilities > 1)
    assert in_c == in_python
    assert in_c[0] == b"neg\t0.007812"  # of 0.0078125
    assert in_c[1] == b"neg\t0.023438"  # of 0.0234375


def test_no_scores_are_no_rows_and_labels_must_be_as_many():
    none = np.array([], np.float32)
    assert rows_of_both(none, none > 0) == [[], []]
    for module in (_core, rows_reference):
        with pytest.raises(ValueError, match="1 probabilities, but 0 labels"):
            module.format_rows(np.zeros(1, np.float32), none > 0, *BEFORE_AND_AFTER)
