"""The models that are timed, made once in the work folder.

CNN and LSTM of the notebook's size (30,000 words, 100 dimensions; filters of 3, 4 and 5 words, 64
each; two bidirectional layers of 256) are trained only as far as their labels are worth comparing.
"""

import csv
import shutil
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

import imdb_export
import imdb_runtime
from benchmarks.performance.classical import train_fasttext
from benchmarks.performance.corpus import Reviews, reviews
from benchmarks.performance.settings import NOTEBOOK_WORDS
from imdb_runtime.bundle import MANIFEST_FILE
from imdb_train.run import Run

CNN_RUN, CNN_BUNDLE = "runs/cnn", "bundles/cnn"
LSTM_RUN, LSTM_BUNDLE, LSTM_INT8_BUNDLE = "runs/lstm", "bundles/lstm", "bundles/lstm-int8"
FASTTEXT = "fasttext.bin"
BPE, WORD_PIECE = "bpe.json", "wordpiece.json"
DISTILBERT = "distilbert-int8.onnx"
LSTM_REVIEWS = 3_000
DISTILBERT_TOKENS = 512


def prepare(work: Path, *, lstm: Path | None = None, quick: bool = False) -> None:
    """Make what is not there yet; ``lstm`` is a run to take instead of training one.

    Hastier where ``quick``. A model whose packages are not installed is left out, and so is not
    measured.
    """
    steps: dict[str, Callable[[Path], None]] = {
        BPE: _train_bpe,
        WORD_PIECE: _train_word_piece,
        FASTTEXT: train_fasttext,
        CNN_RUN: lambda path: _train_cnn(work, path),
        CNN_BUNDLE: lambda path: _export(work / CNN_RUN, path),
        LSTM_RUN: lambda path: _train_lstm(work, path, lstm, quick),
        LSTM_BUNDLE: lambda path: _export(work / LSTM_RUN, path),
        LSTM_INT8_BUNDLE: lambda path: _export(work / LSTM_RUN, path, int8=True),
        DISTILBERT: _export_distilbert,
    }
    for name, make in steps.items():
        made = work / name
        if not made.exists() or ((made / MANIFEST_FILE).exists() and _is_stale(made)):
            click.echo(f"preparing {name}", err=True)
            try:
                _make_whole(made, make)
            except ImportError as error:
                click.echo(f"  left out: {error}", err=True)


def _make_whole(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file or folder, which is at ``path`` only when it is whole."""
    unfinished = path.with_name(f"unfinished-{path.name}")
    shutil.rmtree(unfinished, ignore_errors=True)
    path.parent.mkdir(exist_ok=True)
    make(unfinished)
    shutil.rmtree(path, ignore_errors=True)
    unfinished.rename(path)


def _is_stale(bundle: Path) -> bool:
    """Whether the project was installed, or edited, after the bundle was written."""
    packages = (Path(package.__path__[0]) for package in (imdb_export, imdb_runtime))
    sources = (path for package in packages for path in package.rglob("*.py"))
    written = (bundle / MANIFEST_FILE).stat().st_mtime
    return any(path.stat().st_mtime > written for path in sources)


def _training_texts(work: Path) -> Iterator[str]:
    return (text.decode() for text in reviews(work, "train").texts)


def _train_bpe(path: Path) -> None:
    """A byte-level BPE that splits as GPT-2's, with as many tokens as our vocabulary has words."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=NOTEBOOK_WORDS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_training_texts(path.parent), trainer)
    tokenizer.save(str(path))


def _train_word_piece(path: Path) -> None:
    """BERT's uncased tokenizer, with a vocabulary from the training reviews."""
    from tokenizers import BertWordPieceTokenizer

    tokenizer = BertWordPieceTokenizer()
    tokenizer.train_from_iterator(
        _training_texts(path.parent), vocab_size=NOTEBOOK_WORDS, show_progress=False
    )
    tokenizer.save(str(path))


def plain_cnn_recipe(**settings: Any) -> Any:
    """The default recipe for a CNN of the notebook's size, and nothing beside it."""
    from imdb_train.recipes import load_recipe

    nothing = {"ngram_order": 0, "sentences": 0.0, "word_dropout": 0.0, "label_smoothing": 0.0}
    sizes = {"max_size": NOTEBOOK_WORDS, "min_count": 1, "widths": (3, 4, 5), "filters": 64}
    return load_recipe("default", "cnn").with_overrides(
        "the benchmark", **nothing, ema_decay=0.0, freeze_epochs=0, **sizes, **settings
    )


def write_table(path: Path, some: Reviews) -> Path:
    """The reviews as the CSV that imdb-train reads."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(("text", "label"))
        writer.writerows((text.decode(), label) for text, label in zip(*some, strict=True))
    return path


def _train_cnn(work: Path, folder: Path) -> None:
    from imdb_train.training import DataSource, train

    table = write_table(work / "reviews.csv", reviews(work, "train"))
    recipe = plain_cnn_recipe(epochs=2, validation="random")
    train("cnn", recipe, DataSource(table), folder, report=_say)


def _train_lstm(work: Path, folder: Path, given: Path | None, quick: bool) -> None:
    """Starts from the CNN's word vectors, so that few reviews teach it something."""
    from imdb_train.recipes import load_recipe
    from imdb_train.training import DataSource, Inputs, train

    if given is not None:
        shutil.copytree(given, folder)
        return
    table = write_table(work / "lstm_reviews.csv", reviews(work, "train").sample(LSTM_REVIEWS))
    recipe = load_recipe("default", "lstm").with_overrides(
        "the benchmark",
        max_size=NOTEBOOK_WORDS, min_count=1, max_length=500, train_length=100, epochs=2,
        validation="random", hidden=16 if quick else 256, layers=2,
    )  # fmt: skip
    vectors = _write_vectors(Run.load(work / CNN_RUN), work / "vectors.txt")
    train("lstm", recipe, DataSource(table), folder, inputs=Inputs(glove=vectors), report=_say)


def _write_vectors(run: Run, path: Path) -> str:
    """The word vectors of ``run`` in GloVe's format; the path of the file."""
    rows = zip(run.tokenizer.vocabulary.words, run.model.embedding.weight.tolist(), strict=True)
    with path.open("w", encoding="utf-8") as file:
        for word, vector in list(rows)[2:]:
            file.write(f"{word} {' '.join(f'{each:.5f}' for each in vector)}\n")
    return str(path)


def _export(run: Path, bundle: Path, *, int8: bool = False) -> None:
    from imdb_export.exporting import export_run

    # Equality with PyTorch is checked on the test reviews, and with the engines.
    export_run(run, bundle, int8=int8, check_reviews=0)


def _export_distilbert(path: Path) -> None:
    """DistilBERT with random weights, its matrix products in int8."""
    import torch
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from transformers import DistilBertConfig, DistilBertForSequenceClassification

    torch.manual_seed(0)
    model = DistilBertForSequenceClassification(
        DistilBertConfig(attn_implementation="eager", return_dict=False)
    ).eval()
    example = torch.ones(2, 16, dtype=torch.int64)
    axes = {name: {0: "batch", 1: "sequence"} for name in ("ids", "mask")}
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        whole = Path(name) / "model.onnx"
        torch.onnx.export(
            model, (example, example), str(whole),
            input_names=["ids", "mask"], output_names=["logits"],
            dynamic_axes={**axes, "logits": {0: "batch"}}, opset_version=17, dynamo=False,
        )  # fmt: skip
        quantize_dynamic(whole, path, weight_type=QuantType.QInt8)


def _say(line: str) -> None:
    click.echo(f"  {line}", err=True)
