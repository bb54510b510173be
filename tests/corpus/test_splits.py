import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imdb_runtime.errors import InputError
from imdb_train.corpus import Split, load_corpus, split_validation


def reviews(films, labels=None):
    count = len(films)
    labels = [row % 2 for row in range(count)] if labels is None else labels
    texts = [b"review %d" % row for row in range(count)]
    return Split(texts, np.array(labels, dtype=np.int64), list(films))


@pytest.mark.parametrize("how", ["film", "random"])
def test_each_review_goes_to_one_part_with_its_own_label_and_film(how, small_reviews):
    train = load_corpus(small_reviews, film_column="film").train
    parts = split_validation(train, how, 0.25, seed=3)
    rows = dict(zip(train.texts, zip(train.labels, train.films, strict=True), strict=True))
    seen = [text for part in parts for text in part.texts]
    assert sorted(seen) == sorted(train.texts)
    for part in parts:
        for text, label, film in zip(part.texts, part.labels, part.films, strict=True):
            assert rows[text] == (label, film)


@given(
    sizes=st.lists(st.integers(2, 4), min_size=10, max_size=30),
    fraction=st.floats(0.1, 0.6),
    seed=st.integers(0, 2**32),
)
def test_a_film_is_on_one_side_and_the_fraction_is_met(sizes, fraction, seed):
    # Films of two and more hold both labels, so that no draw leaves a part with one label.
    films = [f"film{number}" for number, size in enumerate(sizes) for _ in range(size)]
    labels = [row % 2 for size in sizes for row in range(size)]
    training, validation = split_validation(reviews(films, labels), "film", fraction, seed)
    assert not set(training.films) & set(validation.films)
    wanted = max(1, round(fraction * len(films)))
    assert wanted <= len(validation) < wanted + max(sizes)


def test_the_same_seed_gives_the_same_parts_and_another_gives_others(small_reviews):
    train = load_corpus(small_reviews, film_column="film").train
    for how in ("film", "random"):
        first, again, other = (split_validation(train, how, 0.2, seed) for seed in (1, 1, 2))
        assert first[1].texts == again[1].texts
        assert first[1].texts != other[1].texts


def test_the_films_drawn_do_not_depend_on_the_order_of_the_reviews():
    films = [f"film{row // 4}" for row in range(80)]
    labels = [row % 2 for row in range(80)]
    forwards = split_validation(reviews(films, labels), "film", 0.3, seed=5)[1]
    backwards = split_validation(reviews(films[::-1], labels[::-1]), "film", 0.3, seed=5)[1]
    assert set(forwards.films) == set(backwards.films)


def test_random_takes_the_fraction_to_the_review_and_needs_no_films(small_reviews):
    train = load_corpus(small_reviews).train
    training, validation = split_validation(train, "random", 0.3, seed=0)
    assert (len(training), len(validation)) == (176, 76)  # 252 x 0.3 = 75.6


def test_real_reviews_split_by_film_stay_roughly_balanced(imdb):
    training, validation = split_validation(imdb.train, "film", 0.2, seed=0)
    assert not set(training.films) & set(validation.films)
    assert 5_000 <= len(validation) < 5_030
    assert 0.4 < validation.labels.mean() < 0.6


def test_by_film_without_films_is_a_clear_error(small_reviews):
    with pytest.raises(InputError, match="cannot split by film"):
        split_validation(load_corpus(small_reviews).train, "film", 0.2, seed=0)


@pytest.mark.parametrize("fraction", [0.0, 1.0, -0.1, 30.0, float("nan")])
def test_a_fraction_that_is_none_is_an_error(fraction):
    with pytest.raises(InputError, match="between 0 and 1"):
        split_validation(reviews("abcd"), "random", fraction, seed=0)


@pytest.mark.parametrize(("how", "fraction"), [("film", 0.5), ("random", 0.01), ("random", 0.99)])
def test_a_part_that_lacks_a_label_is_an_error(how, fraction):
    with pytest.raises(InputError, match=r"part of the split by .* no review is labelled"):
        split_validation(reviews("aabb", [0, 0, 1, 1]), how, fraction, seed=0)
