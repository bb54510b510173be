"""``imdb-train vectors``, ``language-model`` and ``soft-labels``: what a training starts from."""

from pathlib import Path
from typing import Any

import click

from imdb_runtime.command_line import needs_extra
from imdb_train.cli.options import (
    CONTEXT,
    EXISTING_FILE,
    EXISTING_FOLDER,
    NEW_FILE,
    READING_OPTIONS,
    Option,
    with_options,
)

_VECTORS_EXAMPLE = """\b
Example:
  imdb-train vectors --out vectors.txt
  imdb-train cnn --glove vectors.txt
"""
_LANGUAGE_MODEL_EXAMPLE = """\b
Example:
  imdb-train language-model --vectors vectors.txt --out language-model
  imdb-train lstm --language-model language-model
"""
_SOFT_LABELS_EXAMPLE = """\b
Example:
  imdb-train soft-labels runs/lstm runs/lstm-2 --out teachers.safetensors
  imdb-train cnn --soft-labels teachers.safetensors
"""
_SCHEME = click.option(
    "--scheme", type=click.Choice(["words", "whitespace"]), default="words", show_default=True
)
_SEED = click.option(
    "--seed", type=click.IntRange(min=0), default=0, show_default=True, metavar="N"
)


def _count(name: str, default: int, about: str) -> Option:
    return click.option(
        name,
        type=click.IntRange(min=1),
        default=default,
        show_default=True,
        metavar="N",
        help=about,
    )


@click.command("vectors", context_settings=CONTEXT, epilog=_VECTORS_EXAMPLE)
@with_options(READING_OPTIONS)
@_SCHEME
@_count("--dimension", 256, "Numbers a word.")
@_count("--window", 8, "Words on either side that a word predicts.")
@_count("--epochs", 4, "Times the reviews are read.")
@_count("--min-count", 5, "Leave out words seen less often.")
@_count("--threads", 2, "With more than one, numbers differ from time to time.")
@_SEED
@click.option("--out", type=NEW_FILE, required=True, metavar="FILE")
def vectors(*, scheme: str, out: Path, **options: Any) -> None:
    """Train word vectors on the reviews, labelled or not, but for the test's.

    On IMDB it takes about 8 minutes on two cores.
    """
    with needs_extra("train"):
        from imdb_train.vectors import SkipGram, train_vectors

    texts = _read(options)
    count = train_vectors(texts, scheme, SkipGram(**options), out)
    _say(f"{count:,} words")
    click.echo(out)


@click.command("language-model", context_settings=CONTEXT, epilog=_LANGUAGE_MODEL_EXAMPLE)
@with_options(READING_OPTIONS)
@_SCHEME
@click.option(
    "--vectors",
    "vectors_path",
    type=EXISTING_FILE,
    required=True,
    metavar="FILE",
    help="Where the words' vectors start: what imdb-train vectors wrote, or GloVe's.",
)
@click.option(
    "--direction",
    "directions",
    type=click.Choice(["both", "forward", "backward"]),
    default="both",
    show_default=True,
    help="Two processes train the two directions at once, into the same folder.",
)
@_count("--max-size", 30_000, "The vocabulary's size at most.")
@_count("--hidden", 512, "The size of an LSTM's state.")
@_count("--epochs", 1, "Times the reviews are read.")
@_SEED
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, metavar="FOLDER"
)
def language_model(
    *,
    vectors_path: Path,
    directions: str,
    max_size: int,
    scheme: str,
    out: Path,
    **options: Any,
) -> None:
    """Train a language model on the reviews, for an LSTM to start from.

    On IMDB and one core it takes about two hours for each direction, or 40 minutes where the
    processor computes in bfloat16.
    """
    with needs_extra("train"):
        from imdb_train.language_model import DIRECTIONS, Settings, prepare, train_direction

    texts = _read(options)
    tokenizer, embedding = prepare(texts, scheme, max_size, vectors_path, options["seed"])
    for direction in DIRECTIONS if directions == "both" else (directions,):
        train_direction(
            texts,
            tokenizer,
            embedding,
            direction,
            Settings(scheme=scheme, **options),
            out,
            _say,
        )
    click.echo(out)


@click.command("soft-labels", context_settings=CONTEXT, epilog=_SOFT_LABELS_EXAMPLE)
@click.argument("runs", type=EXISTING_FOLDER, nargs=-1, required=True, metavar="RUN...")
@with_options(READING_OPTIONS)
@click.option("--out", type=NEW_FILE, required=True, metavar="FILE")
def soft_labels(
    *, runs: tuple[Path, ...], unlabelled: Path | None, out: Path, **options: Any
) -> None:
    """Label the unlabelled reviews by the mean of what these runs think of each.

    --teacher does the same within a training; a file can be kept, and used again.
    """
    with needs_extra("train"):
        from imdb_train.corpus import load_corpus, read_texts
        from imdb_train.soft_labels import SoftLabels

    if unlabelled is not None:
        texts = read_texts(unlabelled, options["text_column"])
    else:
        texts = load_corpus(**options).unlabelled
    labels = SoftLabels.from_runs(runs, texts, _say)
    labels.write(out, texts)
    click.echo(out)


def _read(options: dict[str, Any]) -> list[bytes]:
    """All reviews but the test's, by the reading options, which are taken out of ``options``."""
    from imdb_train.corpus import load_corpus

    names = ("data", "text_column", "label_column", "unlabelled", "offline")
    corpus = load_corpus(**{name: options.pop(name) for name in names})
    texts = [*corpus.train.texts, *corpus.unlabelled]
    _say(f"{len(texts):,} reviews to learn from")
    return texts


def _say(line: str) -> None:
    click.echo(line, err=True)
