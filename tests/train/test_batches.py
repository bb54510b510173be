"""How training reviews are put into batches."""

import numpy as np
import pytest

from imdb_runtime.tokenizer import Encoded
from imdb_train.augmentation import Augmentation
from imdb_train.batches import EvaluationBatches, LabelledReviews, TrainingBatches


@pytest.fixture
def reviews() -> LabelledReviews:
    """300 reviews of 0 to 59 words; review i consists of the word i + 1 only."""
    lengths = np.random.default_rng(5).integers(0, 60, 300)
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    ids = np.repeat(np.arange(1, 301), lengths).astype(np.int32)
    labels = (np.arange(300) % 2).astype(np.float32)
    return LabelledReviews(Encoded(ids, offsets, lengths), labels)


def training_batches(reviews, epoch=0, seed=1, train_length=None, part=0, parts=1):
    batches = TrainingBatches(
        reviews,
        16,
        augmentation=Augmentation(length=train_length),
        seed=seed,
        epoch=epoch,
        part=part,
        parts=parts,
    )
    return [tuple(tensor.numpy() for tensor in batch) for batch in batches]


def same(ones, others) -> bool:
    return len(ones) == len(others) and all(
        np.array_equal(a, b)
        for one, other in zip(ones, others, strict=True)
        for a, b in zip(one, other, strict=True)
    )


def test_every_review_comes_once_an_epoch_with_its_label(reviews):
    lengths, labels = [], []
    for ids, sizes, marks in training_batches(reviews):
        for row, size, label in zip(ids, sizes, marks, strict=True):
            assert set(row[:size]) <= {row[0]}
            assert not row[size:].any()
            if size:
                assert label == (row[0] - 1) % 2
        lengths += sizes.tolist()
        labels += marks.tolist()
    assert sorted(lengths) == sorted(reviews.encoded.lengths.tolist())
    assert sum(labels) == 150


def test_the_same_seed_and_epoch_give_the_same_batches_and_others_do_not(reviews):
    first = training_batches(reviews)
    assert same(first, training_batches(reviews))
    assert not same(first, training_batches(reviews, epoch=1))
    assert not same(first, training_batches(reviews, seed=2))


def test_batches_hold_reviews_of_like_length(reviews):
    padded = sum(ids.size for ids, _, _ in training_batches(reviews))
    assert padded < 1.15 * reviews.encoded.lengths.sum()


def test_a_crop_is_a_part_of_the_review_and_another_each_epoch():
    words = np.arange(1, 101, dtype=np.int32)
    review = LabelledReviews(
        Encoded(words, np.array([0, 100]), np.array([100])), np.ones(1, np.float32)
    )
    starts = set()
    for epoch in range(20):
        ((ids, lengths, _),) = training_batches(review, epoch=epoch, train_length=10)
        assert lengths.tolist() == [10]
        assert np.array_equal(ids[0], np.arange(ids[0, 0], ids[0, 0] + 10))
        starts.add(int(ids[0, 0]))
    assert len(starts) > 5


def test_processes_share_an_epoch_without_overlap_and_take_as_many_batches_each(reviews):
    parts = [training_batches(reviews, part=part, parts=2) for part in range(2)]
    assert len(parts[0]) == len(parts[1]) == 19 // 2
    words = [{int(w) for ids, _, _ in part for w in ids.flat if w} for part in parts]
    assert not words[0] & words[1]


def test_evaluation_reads_every_review_once(reviews):
    batches = EvaluationBatches(reviews)
    assert sorted(np.concatenate(batches.rows).tolist()) == list(range(300))


def test_processes_share_the_evaluation_even_of_a_single_batch(reviews):
    shared = [EvaluationBatches(reviews, part=part, parts=7).rows for part in range(7)]
    assert all(shared)
    assert sorted(np.concatenate([row for rows in shared for row in rows])) == list(range(300))


def test_evaluation_batches_are_bounded_however_long_a_review():
    lengths = np.array([1, 200_000, 30_000, 30_000, 30_000])
    offsets = np.concatenate(([0], np.cumsum(lengths)))
    reviews = LabelledReviews(
        Encoded(np.ones(offsets[-1], np.int32), offsets, lengths), np.zeros(5, np.float32)
    )
    shapes = [tuple(ids.shape) for ids, _, _ in EvaluationBatches(reviews)]
    assert shapes == [(2, 30_000), (2, 30_000), (1, 200_000)]
