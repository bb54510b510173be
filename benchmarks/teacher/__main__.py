"""``python -m benchmarks.teacher``: see the package's docstring."""

import json
from pathlib import Path

import click
import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_tensors
from safetensors.torch import save_file as save_tensors

from benchmarks.teacher import network as networks
from benchmarks.teacher import regions as region_embeddings
from benchmarks.teacher.documents import Settings, document_logits
from benchmarks.teacher.ngrams import ngram_logits
from benchmarks.teacher.reviews import PARTS, Reviews, read_reviews
from benchmarks.teacher.stacking import accuracy, stack
from imdb_train.batches import LabelledReviews
from imdb_train.metrics import predict_logits
from imdb_train.run import Run
from imdb_train.soft_labels import SoftLabels

_OUT = click.option("--out", type=click.Path(path_type=Path), required=True)
_EXISTING = click.Path(exists=True, path_type=Path)


@click.group(help=__doc__)
def main() -> None:
    pass


@main.command("regions")
@_OUT
def regions_command(out: Path) -> None:
    """Train region embeddings."""
    out.parent.mkdir(parents=True, exist_ok=True)
    model = region_embeddings.train_regions(read_reviews(), region_embeddings.Settings())
    save_tensors(model.state_dict(), out)


@main.command("network")
@click.option("--vectors", type=_EXISTING, required=True)
@click.option("--regions", "regions_path", type=_EXISTING, required=True)
@click.option("--seed", type=int, default=0, show_default=True)
@_OUT
def network_command(vectors: Path, regions_path: Path, seed: int, out: Path) -> None:
    """Train the network over words and regions."""
    reviews = read_reviews()
    weights = load_tensors(regions_path)
    model = region_embeddings.Regions(*weights["weight"].shape)
    model.load_state_dict(weights)
    settings = networks.Settings(seed=seed)
    trained = networks.train_network(reviews, vectors, model, settings)
    _save(networks.network_logits(trained, reviews), reviews, out)


@main.command("ngrams")
@_OUT
def ngrams_command(out: Path) -> None:
    """Fit naive-Bayes-weighted n-grams."""
    reviews = read_reviews()
    _save(ngram_logits(reviews), reviews, out)


@main.command("documents")
@click.option("--seed", type=int, default=0, show_default=True)
@_OUT
def documents_command(seed: int, out: Path) -> None:
    """Train vectors of whole reviews."""
    reviews = read_reviews()
    _save(document_logits(reviews, Settings(seed=seed)), reviews, out)


@main.command("run")
@click.argument("folder", type=_EXISTING)
@_OUT
def run_command(folder: Path, out: Path) -> None:
    """Score with a run of imdb-train, trained with the default validation split."""
    reviews, run = read_reviews(), Run.load(folder)
    logits = {}
    for part in PARTS:
        nothing = np.zeros(len(reviews.texts[part]), dtype=np.float32)
        encoded = run.tokenizer.encode(reviews.texts[part])
        logits[part] = predict_logits(run.model, LabelledReviews(encoded, nothing)).numpy()
    _save(logits, reviews, out)


@main.command("label")
@click.argument("members", type=_EXISTING, nargs=-1, required=True)
@click.option("--report", type=click.Path(path_type=Path), help="Write the figures here, as JSON.")
@_OUT
def label_command(members: tuple[Path, ...], report: Path | None, out: Path) -> None:
    """Stack members and write soft labels for the unlabelled reviews."""
    reviews = read_reviews()
    logits = {path.stem: load_file(path) for path in members}
    weights, probabilities = stack(logits, reviews)
    figures = {
        "members": {name: _accuracies(member, reviews, 0.0) for name, member in logits.items()},
        "weights": weights,
        "stacked": _accuracies(probabilities, reviews, 0.5),
    }
    click.echo(json.dumps(figures, indent=2))
    if report is not None:
        report.write_text(json.dumps(figures, indent=2) + "\n")
    made_by = f"benchmarks/teacher: {json.dumps(weights)}"
    SoftLabels(probabilities["unlabelled"], made_by).write(out, reviews.texts["unlabelled"])


def _save(logits: dict[str, NDArray[np.float32]], reviews: Reviews, out: Path) -> None:
    out.parent.mkdir(parents=True, exist_ok=True)
    save_file({name: np.ascontiguousarray(values) for name, values in logits.items()}, out)
    click.echo(f"validation accuracy {_accuracies(logits, reviews, 0.0)['validation']:.4f}")


def _accuracies(
    values: dict[str, NDArray[np.float32]], reviews: Reviews, threshold: float
) -> dict[str, float]:
    return {
        part: round(accuracy(values[part], reviews.labels[part], threshold), 4)
        for part in ("validation", "test")
        if part in values
    }


if __name__ == "__main__":
    main()
