"""What the checks before a bundle let pass, and what they refuse."""

import numpy as np
import pytest

from imdb_export import checks
from imdb_export.batches import Batch, mixed_batches, review_batches
from imdb_runtime.errors import ImdbError
from imdb_runtime.tokenizer import Tokenizer, Vocabulary


def batch(*lengths: int) -> Batch:
    ids = np.ones((len(lengths), max(lengths)), dtype=np.int64)
    return Batch(ids, np.array(lengths), "a batch of the test")


def logits(*values: float) -> np.ndarray:
    return np.array(values, dtype=np.float32)


def test_mixed_batches_have_the_sizes_and_lengths_where_graphs_go_wrong():
    batches = mixed_batches(vocabulary_size=30)
    assert {len(made.lengths) for made in batches} == {1, 2, 17}
    for size in (1, 2, 17):
        lengths = {length for b in batches if len(b.lengths) == size for length in b.lengths}
        assert {0, 1} < lengths
    assert any(made.ids.shape[1] == 0 for made in batches)
    assert any(made.ids.shape[1] > max(made.lengths) for made in batches)
    for made in batches:
        assert made.ids.max(initial=0) < 30
        beyond = np.arange(made.ids.shape[1]) >= made.lengths[:, None]
        assert not made.ids[beyond].any()


def test_review_batches_hold_every_review_once_and_say_which():
    vocabulary = Vocabulary.from_bytes(b"<pad>\n<unk>\na\nb\n", "test")
    texts = [b"a " * (number * 7 % 50) for number in range(70)]
    batches, order = review_batches(Tokenizer(vocabulary), texts)
    assert sorted(order) == list(range(70))
    lengths = np.concatenate([made.lengths for made in batches])
    assert lengths.tolist() == [number * 7 % 50 for number in order]
    assert lengths.tolist() == sorted(lengths)


def test_logits_within_the_tolerance_pass_and_the_largest_difference_is_told():
    largest = checks.check_logits(logits(1, 2, 3), logits(1, 2.00005, 3), [batch(4, 5), batch(6)])
    assert largest == pytest.approx(5e-5, rel=0.01)


def test_a_difference_over_the_tolerance_names_the_worst_review():
    with pytest.raises(ImdbError) as error:
        checks.check_logits(logits(1, 2, 3), logits(1.5, 2, 7), [batch(4, 5), batch(6)])
    message = str(error.value)
    assert "logit 7 instead of 3 on review 0 (6 words) of a batch of the test" in message
    assert "0.0001" in message
    assert "\n" not in message


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_a_logit_that_is_not_a_number_is_refused(wrong):
    with pytest.raises(ImdbError, match="review 1"):
        checks.check_logits(logits(1, 2, 3), logits(9, wrong, 3), [batch(4, 5, 6)])


def test_a_scorer_that_looks_at_its_neighbours_is_found_out():
    def share_of_batch(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return (lengths / max(1, lengths.sum())).astype(np.float32)

    difference = checks.batch_difference(share_of_batch, [batch(10, 30)])
    assert difference == pytest.approx(0.75)  # 10 / 40 in the batch, 10 / 10 alone
    with pytest.raises(ImdbError, match="alone and in a batch"):
        checks.check_batch_difference(difference)


def test_a_scorer_that_looks_at_the_padding_is_found_out():
    def width(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return np.full(len(lengths), ids.shape[1], dtype=np.float32)

    with pytest.raises(ImdbError, match="alone and in a batch"):
        checks.check_batch_difference(checks.batch_difference(width, [batch(3, 7)]))


def test_a_scorer_of_words_alone_passes():
    def first_word(ids: np.ndarray, lengths: np.ndarray) -> np.ndarray:
        return ids[:, 0].astype(np.float32)

    checks.check_batch_difference(checks.batch_difference(first_word, [batch(3, 7), batch(1)]))


def test_int8_tells_how_far_it_is_and_how_many_labels_stay():
    expected, actual = np.array([0.1, 0.49, 0.9, 0.8]), np.array([0.1, 0.51, 0.9, 0.82])
    difference = checks.check_int8(expected, actual, threshold=0.5)
    assert difference.mean == pytest.approx(0.01)
    assert difference.largest == pytest.approx(0.02)
    assert difference.agreement == 0.75
    assert checks.check_int8(expected, actual, threshold=0.6).agreement == 1


@pytest.mark.parametrize("wrong", [0.9, np.nan])
def test_int8_too_far_from_pytorch_is_refused(wrong):
    with pytest.raises(ImdbError, match="int8"):
        checks.check_int8(np.array([0.1, 0.5]), np.array([wrong, 0.5]), threshold=0.5)


def test_the_native_engine_is_held_to_its_worst_review():
    expected = np.array([0.1, 0.499, 0.9, 0.8])
    actual = np.array([0.1, 0.501, 0.9, 0.806])
    difference = checks.check_native(expected, actual, threshold=0.5)
    assert difference.mean == pytest.approx(0.002)
    assert difference.largest == pytest.approx(0.006)
    assert difference.agreement == 0.75


@pytest.mark.parametrize("wrong", [0.111, np.nan])
def test_a_native_probability_too_far_off_is_refused(wrong):
    with pytest.raises(ImdbError, match="native engine"):
        checks.check_native(np.array([0.1, 0.5]), np.array([wrong, 0.5]), threshold=0.5)
