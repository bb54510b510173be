"""A run's figures, on the terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

_COLUMNS = {
    "f1": "F1",
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "roc_auc": "ROC-AUC",
    "calibration_error": "ECE",
}


def show_metrics(metrics: dict[str, Any]) -> None:
    """Print a row for each part (validation, test) on stderr."""
    table = Table("part", box=None, padding=(0, 2, 0, 0))
    table.add_column("reviews", justify="right")
    for heading in _COLUMNS.values():
        table.add_column(heading, justify="right")
    for part, figures in metrics.items():
        table.add_row(part, f"{figures['reviews']:,}", *(f"{figures[k]:.4f}" for k in _COLUMNS))
    Console(stderr=True).print(table)
