"""``imdb-train lstm``, ``gru`` and ``cnn``: from reviews to a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click

from imdb_runtime.command_line import needs_extra
from imdb_train.cli.options import (
    CONTEXT,
    EXISTING,
    EXISTING_FILE,
    EXISTING_FOLDER,
    READING_OPTIONS,
    SCHEME_OPTION,
    SEED_OPTION,
    with_options,
)

_DEFAULT_GLOVE = "6B.100d"


_OPTIONS = [
    *READING_OPTIONS,
    click.option("--test-data", type=EXISTING, help="Test reviews, for --data as a table."),
    click.option("--film-column", help="Names each review's film, to validate on other films."),
    click.option(
        "--soft-labels",
        type=EXISTING_FILE,
        metavar="FILE",
        help="Train on the unlabelled reviews too, labelled by what imdb-train soft-labels wrote.",
    ),
    click.option(
        "--teacher",
        "teachers",
        type=EXISTING_FOLDER,
        multiple=True,
        metavar="RUN",
        help="Train on the unlabelled reviews too, labelled by this run; several are averaged.",
    ),
    click.option(
        "--glove",
        is_flag=False,
        flag_value=_DEFAULT_GLOVE,
        metavar="[NAME|PATH]",
        help="Start from GloVe vectors: 6B.50d to 6B.300d, 840B.300d, or a .txt or "
        f".zip file, as imdb-train vectors writes. Alone, it means {_DEFAULT_GLOVE}.",
    ),
    click.option(
        "--language-model",
        type=EXISTING_FOLDER,
        metavar="FOLDER",
        help="LSTM: start from what imdb-train language-model wrote.",
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
        help="Settings: default, best, notebook, or a TOML file.",
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
    click.option("--clip", type=float, metavar="X", help="Bound the gradient's norm; 0 does not."),
    SEED_OPTION,
    SCHEME_OPTION,
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
]


def model_command(architecture: str, about: str) -> click.Command:
    """The command that trains ``architecture``."""

    @click.command(
        architecture,
        help=f"""Train {about}.

    \b
    Example:
      imdb-train {architecture} --glove 6B.100d --freeze-epochs 2 --out runs/my-{architecture}

    Progress goes to stderr, the run folder's path to stdout.
    """,
        context_settings=CONTEXT,
    )
    @with_options(_OPTIONS)
    def _train(**options: Any) -> None:
        _run(architecture, **options)

    return _train


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
    language_model: Path | None,
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
    if unlabelled and not (soft_labels or teachers):
        raise click.UsageError(
            "--unlabelled reviews need labels to train on: add --teacher or --soft-labels"
        )
    with needs_extra("train"):
        from imdb_train.recipes import load_recipe

    given = {name: value for name, value in overrides.items() if value is not None}
    settings = load_recipe(recipe, architecture).with_overrides("command line", **given)
    if settings.freeze_epochs and not (glove or language_model):
        raise click.UsageError(
            f"{settings.freeze_epochs} epochs are to keep given vectors as they are: "
            "add --glove, or --freeze-epochs 0"
        )
    folder = out or _default_folder(architecture, glove, settings.freeze_epochs, resume=resume)
    with needs_extra("train"):
        from pytorch_lightning.utilities import rank_zero_only

        from imdb_train.fitting import Hardware
        from imdb_train.sources import DataSource, Inputs
        from imdb_train.summary import show_metrics
        from imdb_train.training import train

    with _told_how_to_go_on(folder):
        run = train(
            architecture,
            settings,
            DataSource(data, test_data, text_column, label_column, film_column, unlabelled),
            folder,
            inputs=Inputs(glove, language_model, soft_labels, teachers),
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
