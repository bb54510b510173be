"""Explanations as one HTML page that needs nothing else: no network, no script."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from imdb_runtime.explanations import Explanation
from imdb_runtime.files import write_atomically
from imdb_train.explain.display import signed, small, strengths, visible


def write_page(path: Path, explanations: Sequence[Explanation]) -> None:
    """Write the page of ``explanations`` to ``path``, UTF-8, whole or not at all.

    Raises
    ------
    OSError
        Where the file cannot be written.
    """
    with write_atomically(path) as file:
        file.write(render_page(explanations).encode())


def render_page(explanations: Sequence[Explanation]) -> str:
    """The page as text; words of the reviews are escaped."""
    environment = Environment(
        loader=PackageLoader("imdb_train.explain", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    reviews = [_review(explanation) for explanation in explanations]
    return environment.get_template("page.html").render(reviews=reviews)


def _review(explanation: Explanation) -> dict[str, Any]:
    values = explanation.attributions.tolist()
    shares = strengths(explanation.attributions).tolist()
    return {
        "explanation": explanation,
        "delta": small(explanation.delta),
        "words": [
            {
                "text": visible(word),
                "value": signed(value),
                "side": "pos" if share > 0 else "neg",
                "strength": f"{abs(share):.3f}",
            }
            for word, value, share in zip(explanation.words, values, shares, strict=True)
        ],
    }
