"""``imdb-train``: from reviews to a run folder."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import click

from imdb_runtime.command_line import needs_extra, run_command

DEFAULT_GLOVE = "6B.100d"
EXAMPLES = """\b
Examples:
  imdb-train cnn                      on IMDB, found or downloaded, into runs/cnn
  imdb-train cnn --glove 6B.100d      from GloVe vectors
  imdb-train lstm --recipe notebook   the settings of the original notebook
  imdb-train cnn --data my_reviews.csv --text-column body --label-column verdict
"""
_CONTEXT = {"help_option_names": ["-h", "--help"]}
_EXISTING = click.Path(exists=True, path_type=Path)
_Command = TypeVar("_Command", bound=Callable[..., Any])


def main() -> None:
    """The entry point."""
    run_command(command)


@click.group(context_settings=_CONTEXT, epilog=EXAMPLES)
@click.version_option(package_name="imdb-edge", prog_name="imdb-train")
def command() -> None:
    """Train a sentiment classifier on movie reviews.

    `imdb-train cnn --help` lists the options, which are the same for every architecture.
    """


def _options(function: _Command) -> _Command:
    """The options that every architecture has."""
    options = [
        click.option(
            "--data",
            type=_EXISTING,
            help="Reviews: the IMDB archive (tar.gz) or its folder, or a CSV, TSV, JSONL "
            "or Parquet file. Default: IMDB, found or downloaded once.",
        ),
        click.option("--test-data", type=_EXISTING, help="Test reviews, for --data as a table."),
        click.option("--text-column", default="text", show_default=True),
        click.option("--label-column", default="label", show_default=True),
        click.option("--film-column", help="Names each review's film, to validate on other films."),
        click.option(
            "--unlabelled",
            type=_EXISTING,
            metavar="FILE",
            help="Reviews without a label, one a line or in a table. Default: IMDB's own 50,000.",
        ),
        click.option(
            "--soft-labels",
            type=_EXISTING,
            metavar="FILE",
            help="Train on the unlabelled reviews too, with these probabilities of a teacher.",
        ),
        click.option(
            "--teacher",
            "teachers",
            type=_EXISTING,
            multiple=True,
            metavar="RUN",
            help="Train on the unlabelled reviews too, labelled by this run; several are averaged.",
        ),
        click.option(
            "--glove",
            is_flag=False,
            flag_value=DEFAULT_GLOVE,
            metavar="[NAME|PATH]",
            help="Start from GloVe vectors: 6B.50d to 6B.300d, 840B.300d, or a .txt or "
            f".zip file, as imdb-train vectors writes. Alone, it means {DEFAULT_GLOVE}.",
        ),
        click.option(
            "--freeze-epochs",
            type=click.IntRange(min=0),
            metavar="N",
            help="Keep the embedding as it is for the first N epochs.",
        ),
        click.option(
            "--recipe",
            default="default",
            show_default=True,
            metavar="NAME|FILE",
            help="Settings: default, notebook, or a TOML file.",
        ),
        click.option(
            "--epochs", type=click.IntRange(min=1), metavar="N", help="Train at most N epochs."
        ),
        click.option(
            "--patience",
            type=click.IntRange(min=1),
            metavar="N",
            help="Stop after N epochs without a better validation loss.",
        ),
        click.option("--batch-size", type=click.IntRange(min=1), metavar="N"),
        click.option("--lr", type=float, metavar="X", help="Adam's learning rate."),
        click.option(
            "--clip", type=float, metavar="X", help="Bound the gradient's norm; 0 does not."
        ),
        click.option("--seed", type=click.IntRange(min=0), metavar="N"),
        click.option(
            "--scheme",
            type=click.Choice(["words", "whitespace"]),
            help="How text is split into words.",
        ),
        click.option(
            "--min-count",
            type=click.IntRange(min=1),
            metavar="N",
            help="Leave out words seen less often.",
        ),
        click.option(
            "--max-size",
            type=click.IntRange(min=2),
            metavar="N",
            help="The vocabulary's size at most.",
        ),
        click.option(
            "--max-length",
            type=click.IntRange(min=1),
            metavar="N",
            help="Read the first N words of a review.",
        ),
        click.option(
            "--pooling",
            type=click.Choice(["last", "max"]),
            help="LSTM and GRU: last hidden states, or outputs max-pooled over time.",
        ),
        click.option(
            "--validation",
            type=click.Choice(["film", "random"]),
            help="How validation reviews are drawn: whole films, or single reviews.",
        ),
        click.option("--validation-fraction", type=float, metavar="X"),
        click.option(
            "--precision",
            type=click.Choice(["32-true", "16-mixed", "bf16-mixed"]),
            default="32-true",
            show_default=True,
        ),
        click.option(
            "--devices",
            type=click.IntRange(min=1),
            default=1,
            show_default=True,
            metavar="N",
            help="GPUs, or processes on CPU, to train on.",
        ),
        click.option(
            "--out",
            type=click.Path(path_type=Path, file_okay=False),
            help="The run folder. Default: runs/NAME, numbered where that is taken.",
        ),
        click.option("--resume", is_flag=True, help="Go on from the last whole epoch in --out."),
        click.option("--offline", is_flag=True, help="Never touch the network."),
    ]
    for option in reversed(options):
        function = option(function)
    return function


def _add(architecture: str, about: str) -> None:
    @command.command(
        architecture,
        help=f"""Train {about}.

    \b
    Example:
      imdb-train {architecture} --glove 6B.100d --freeze-epochs 2 --out runs/my-{architecture}

    Progress goes to stderr, the run folder's path to stdout.
    """,
        context_settings=_CONTEXT,
    )
    @_options
    def _train(**options: Any) -> None:
        _run(architecture, **options)


_add("lstm", "a bidirectional LSTM")
_add("gru", "a bidirectional GRU")
_add("cnn", "a convolutional network")


@command.command("vectors", context_settings=_CONTEXT)
@click.option("--data", type=_EXISTING, help="Labelled reviews; as for training a model.")
@click.option("--text-column", default="text", show_default=True)
@click.option("--label-column", default="label", show_default=True)
@click.option(
    "--unlabelled",
    type=_EXISTING,
    metavar="FILE",
    help="Reviews without a label, one a line or in a table. Default: IMDB's own 50,000.",
)
@click.option("--scheme", type=click.Choice(["words", "whitespace"]), default="words")
@click.option("--dimension", type=click.IntRange(min=1), default=256, show_default=True)
@click.option("--window", type=click.IntRange(min=1), default=8, show_default=True)
@click.option("--epochs", type=click.IntRange(min=1), default=4, show_default=True)
@click.option("--min-count", type=click.IntRange(min=1), default=5, show_default=True)
@click.option("--threads", type=click.IntRange(min=1), default=2, show_default=True)
@click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True)
@click.option(
    "--out", type=click.Path(path_type=Path, dir_okay=False), required=True, metavar="FILE"
)
@click.option("--offline", is_flag=True, help="Never touch the network.")
def _vectors(
    *,
    data: Path | None,
    text_column: str,
    label_column: str,
    unlabelled: Path | None,
    scheme: str,
    out: Path,
    offline: bool,
    **settings: int,
) -> None:
    r"""Train word vectors on the reviews, labelled or not, but for the test's.

    \b
    Example:
      imdb-train vectors --out vectors.txt
      imdb-train cnn --glove vectors.txt

    On IMDB it takes about 8 minutes on two cores.
    """
    with needs_extra("train"):
        from imdb_train.corpus import load_corpus
        from imdb_train.vectors import SkipGram, train_vectors

    corpus = load_corpus(
        data,
        text_column=text_column,
        label_column=label_column,
        unlabelled=unlabelled,
        offline=offline,
    )
    texts = [*corpus.train.texts, *corpus.unlabelled]
    click.echo(f"{len(texts):,} reviews to learn from", err=True)
    count = train_vectors(texts, scheme, SkipGram(**settings), out)
    click.echo(f"{count:,} words", err=True)
    click.echo(out)


def _run(
    architecture: str,
    *,
    data: Path | None,
    test_data: Path | None,
    text_column: str,
    label_column: str,
    film_column: str | None,
    unlabelled: Path | None,
    glove: str | None,
    soft_labels: Path | None,
    teachers: tuple[Path, ...],
    recipe: str,
    precision: str,
    devices: int,
    out: Path | None,
    resume: bool,
    offline: bool,
    **overrides: Any,
) -> None:
    with needs_extra("train"):
        from pytorch_lightning.utilities import rank_zero_only

        from imdb_train.fitting import Hardware
        from imdb_train.recipes import load_recipe
        from imdb_train.training import DataSource, Inputs, train
    from imdb_train.summary import show_metrics

    given = {name: value for name, value in overrides.items() if value is not None}
    settings = load_recipe(recipe, architecture).with_overrides("command line", **given)
    folder = out or _default_folder(architecture, glove, settings.freeze_epochs, resume=resume)
    if settings.freeze_epochs and glove is None:
        raise click.UsageError("--freeze-epochs keeps given vectors as they are: add --glove")
    with _told_how_to_go_on(folder):
        run = train(
            architecture,
            settings,
            DataSource(data, test_data, text_column, label_column, film_column, unlabelled),
            folder,
            inputs=Inputs(glove, soft_labels, teachers),
            hardware=Hardware(precision, devices),
            resume=resume,
            offline=offline,
            report=rank_zero_only(lambda line: click.echo(line, err=True)),
        )
    if run is not None:
        show_metrics(run.metrics)
        click.echo(folder)


@contextmanager
def _told_how_to_go_on(folder: Path) -> Iterator[None]:
    """After Ctrl-C, say what is kept and how to go on."""
    from imdb_train.checkpoints import last_checkpoint

    try:
        yield
    except KeyboardInterrupt:
        if last_checkpoint(folder).exists():
            click.echo(
                f"the last whole epoch is kept: go on with the same command and"
                f" --out {folder} --resume",
                err=True,
            )
        raise


def _default_folder(architecture: str, glove: str | None, frozen: int, *, resume: bool) -> Path:
    """``runs/cnn``, ``runs/cnn-glove``, …: the first that is free, or the one to resume."""
    name = architecture + ("-glove" if glove else "") + ("-frozen" if frozen else "")
    number = 1
    while True:
        folder = Path("runs") / (name if number == 1 else f"{name}-{number}")
        if not (folder / "config.json").exists() or (resume and (folder / "checkpoints").exists()):
            return folder
        number += 1
