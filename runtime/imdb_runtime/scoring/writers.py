r"""What ``imdb-score`` writes: one row for each review, as TSV, CSV or JSONL in UTF-8.

The label, the probability of the positive class with six decimals and, where asked for, the text.
In TSV the text has backslash, tab, carriage return and line feed as ``\\``, ``\t``, ``\r`` and
``\n``; in every format invalid UTF-8 is U+FFFD.
"""

import json
from collections.abc import Iterable

FORMATS = ("tsv", "csv", "jsonl")

_TSV_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\r": "\\r", "\n": "\\n"})


def header(output_format: str, *, with_text: bool) -> bytes:
    """What comes before the rows: the names of the columns in CSV, else nothing."""
    if output_format != "csv":
        return b""
    return b"label,probability,text\n" if with_text else b"label,probability\n"


def rows(
    output_format: str,
    labels: Iterable[str],
    probabilities: Iterable[float],
    texts: Iterable[bytes] | None,
) -> bytes:
    """The rows of as many labels, probabilities and, unless None, texts."""
    pairs = zip(labels, probabilities, strict=True)
    if texts is None:
        template = {
            "tsv": "{}\t{:.6f}\n",
            "csv": "{},{:.6f}\n",
            "jsonl": '{{"label": "{}", "probability": {:.6f}}}\n',
        }[output_format]
        return "".join([template.format(*pair) for pair in pairs]).encode()
    template = {
        "tsv": "{}\t{:.6f}\t{}\n",
        "csv": '{},{:.6f},"{}"\n',
        "jsonl": '{{"label": "{}", "probability": {:.6f}, "text": {}}}\n',
    }[output_format]
    shown = (_escaped(output_format, text.decode("utf-8", "replace")) for text in texts)
    return "".join(
        [template.format(*pair, text) for pair, text in zip(pairs, shown, strict=True)]
    ).encode()


def _escaped(output_format: str, text: str) -> str:
    if output_format == "tsv":
        return text.translate(_TSV_ESCAPES)
    if output_format == "csv":
        return text.replace('"', '""')
    return json.dumps(text, ensure_ascii=False)
