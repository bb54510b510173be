"""fastText, TF-IDF and NBSVM: bags of n-grams, as their authors use them."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.performance.corpus import Reviews, reviews
from benchmarks.performance.fasttext_score import prepared

POSITIVE = "__label__1"
# Joulin et al. (2016), "Bag of Tricks for Efficient Text Classification": bigrams, 10 dimensions.
FASTTEXT_SETTINGS = {"dim": 10, "wordNgrams": 2, "epoch": 10, "lr": 0.5, "thread": 1, "verbose": 0}


def train_fasttext(path: Path) -> None:
    """Train on the training reviews and save to ``path``."""
    import fasttext

    train = reviews(path.parent, "train")
    train = train.sample(len(train.texts))
    lines = path.parent / "fasttext_train.txt"
    with lines.open("wb") as file:
        for text, label in zip(*train, strict=True):
            file.write(b"__label__%d %b\n" % (label, prepared(text)))
    fasttext.train_supervised(str(lines), **FASTTEXT_SETTINGS).save_model(str(path))


def fit_tfidf(train: Reviews) -> Any:
    """TF-IDF of words and bigrams, and logistic regression."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=3, sublinear_tf=True)
    model = make_pipeline(vectorizer, LogisticRegression(C=10, max_iter=200))
    return model.fit(train.texts, train.labels)


def fit_nbsvm(train: Reviews) -> Any:
    """Wang and Manning (2012), "Baselines and Bigrams", up to trigrams, with a linear SVM."""
    from sklearn.feature_extraction.text import CountVectorizer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer
    from sklearn.svm import LinearSVC

    vectorizer = CountVectorizer(
        ngram_range=(1, 3), binary=True, min_df=2, token_pattern=r"[\w']+|[^\w\s]"
    )
    counts = vectorizer.fit_transform(train.texts)
    positive = 1 + counts[train.labels == 1].sum(axis=0)
    negative = 1 + counts[train.labels == 0].sum(axis=0)
    ratio = np.asarray(np.log((positive / positive.sum()) / (negative / negative.sum())))
    scaled = FunctionTransformer(lambda features: features.multiply(ratio).tocsr())
    svm = LinearSVC(C=0.1).fit(scaled.transform(counts), train.labels)
    return make_pipeline(vectorizer, scaled, svm)


def f1(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    """F1 of the positive class."""
    return float(2 * np.sum(predicted & true) / max(1, np.sum(predicted) + np.sum(true)))
