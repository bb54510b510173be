"""``imdb-train``: models, and what they start from."""

import click

from imdb_runtime.command_line import run_command
from imdb_train.cli.models import model_command
from imdb_train.cli.options import CONTEXT
from imdb_train.cli.pretraining import language_model, soft_labels, vectors

EXAMPLES = """\b
Examples:
  imdb-train cnn                      on IMDB, found or downloaded, into runs/cnn
  imdb-train cnn --glove 6B.100d      from GloVe vectors
  imdb-train lstm --recipe notebook   the settings of the original notebook
  imdb-train cnn --data my_reviews.csv --text-column body --label-column verdict
  imdb-train vectors --out vectors.txt              word vectors of the reviews themselves
  imdb-train cnn --glove vectors.txt --teacher runs/lstm    from them, taught by another run
"""


def main() -> None:
    """The entry point."""
    run_command(command)


@click.group(context_settings=CONTEXT, epilog=EXAMPLES)
@click.version_option(package_name="imdb-edge", prog_name="imdb-train")
def command() -> None:
    """Train a sentiment classifier on movie reviews, or what one starts from.

    `imdb-train cnn --help` lists the options, which are the same for every architecture.
    """


command.add_command(model_command("lstm", "a bidirectional LSTM"))
command.add_command(model_command("gru", "a bidirectional GRU"))
command.add_command(model_command("cnn", "a convolutional network"))
command.add_command(vectors)
command.add_command(language_model)
command.add_command(soft_labels)
