"""The notebook's four experiments, with its recipe and with the default one.

    python benchmarks/experiments.py run [NAME ...]     trains, hours; without NAME all of them
    python benchmarks/experiments.py collect            keeps the figures of finished runs
    python benchmarks/experiments.py table              writes the table into README.md

Runs go to runs/ under the current folder; figures to benchmarks/results/experiments/NAME.json.
"""

import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks/results/experiments"
README = ROOT / "README.md"
BEGIN, END = "<!-- experiments -->\n", "<!-- end of experiments -->"


@dataclass(frozen=True)
class Experiment:
    """A row of the table: the notebook's test F1, and the two commands."""

    title: str
    name: str
    notebook_f1: float
    options: str
    notebook_options: str = ""

    def command(self, recipe: str) -> str:
        """What is typed; the run goes to runs/KEY."""
        extra = "" if recipe == "default" else f" --recipe {recipe}{self.notebook_options}"
        return f"imdb-train {self.options}{extra} --out runs/{self.key(recipe)}"

    def key(self, recipe: str) -> str:
        """The run's and the result's name."""
        return self.name if recipe == "default" else f"{recipe}-{self.name}"


EXPERIMENTS = [
    Experiment("LSTM", "lstm", 0.8375, "lstm", " --epochs 1"),
    Experiment("CNN", "cnn", 0.8496, "cnn", " --epochs 6"),
    Experiment("CNN + GloVe", "cnn-glove", 0.8725, "cnn --glove 6B.100d", " --epochs 6"),
    Experiment(
        "CNN + GloVe, frozen at first", "cnn-glove-frozen", 0.8807,
        "cnn --glove 6B.100d --freeze-epochs 2", " --epochs 6",
    ),
]  # fmt: skip
RUNS = {e.key(recipe): (e, recipe) for recipe in ("default", "notebook") for e in EXPERIMENTS}


@click.group(help=__doc__)
def main() -> None:
    """The command line."""


@main.command()
@click.argument("names", nargs=-1, type=click.Choice(list(RUNS)))
def run(names: tuple[str, ...]) -> None:
    """Train, then collect."""
    for name in names or RUNS:
        experiment, recipe = RUNS[name]
        subprocess.run(shlex.split(experiment.command(recipe)), check=True)
        _collect(name)


@main.command()
def collect() -> None:
    """Keep the figures of the runs that are finished."""
    for name in RUNS:
        if (Path("runs") / name / "config.json").exists():
            _collect(name)


def _collect(name: str) -> None:
    experiment, recipe = RUNS[name]
    folder = Path("runs") / name
    RESULTS.mkdir(parents=True, exist_ok=True)
    result = {
        "command": experiment.command(recipe),
        "config": json.loads((folder / "config.json").read_bytes()),
        "metrics": json.loads((folder / "metrics.json").read_bytes()),
        "history": (folder / "history.csv").read_text().splitlines(),
    }
    # Where the data lie on the machine is no part of the result.
    for place in ("path", "test_path"):
        result["config"]["data"].pop(place, None)
    (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=1) + "\n")


def _cell(name: str) -> str:
    path = RESULTS / f"{name}.json"
    if not path.exists():
        return "not run"
    result = json.loads(path.read_bytes())
    epochs = len(result["history"]) - 1
    f1 = result["metrics"]["test"]["f1"]
    return f"{f1:.4f} ({epochs} {'epoch' if epochs == 1 else 'epochs'})"


@main.command()
def table() -> None:
    """Write the table of test F1 into README.md."""
    rows = ["| experiment | notebook | notebook's recipe here, cut off | default recipe here |",
            "|---|---|---|---|"]  # fmt: skip
    for e in EXPERIMENTS:
        rows.append(
            f"| {e.title} | {e.notebook_f1:.4f} | {_cell(e.key('notebook'))} | "
            f"**{_cell(e.key('default'))}** |"
        )
    rows += ["", "The commands, in the table's order:", "", "```"]
    for recipe in ("default", "notebook"):
        rows += [e.command(recipe) for e in EXPERIMENTS]
    rows += ["```", ""]
    before, rest = README.read_text().split(BEGIN)
    after = rest.split(END)[1]
    README.write_text(before + BEGIN + "\n".join(rows) + END + after)


if __name__ == "__main__":
    sys.exit(main())
