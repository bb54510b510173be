r"""What ``imdb-score`` writes: one row for each review, as TSV, CSV or JSONL in UTF-8.

The label, the probability of the positive class with six decimals and, where asked for, the text.
In TSV the text has backslash, tab, carriage return and line feed as ``\\``, ``\t``, ``\r`` and
``\n``; in every format invalid UTF-8 is U+FFFD.
"""

import json
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from imdb_runtime.twins import core_or_twin

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

FORMATS = ("tsv", "csv", "jsonl")

# What stands before a row's probability, between it and the text, and after.
_BEFORE = {"tsv": "{}\t", "csv": "{},", "jsonl": '{{"label": "{}", "probability": '}
_BEFORE_TEXT = {"tsv": b"\t", "csv": b',"', "jsonl": b', "text": '}
_AFTER_TEXT = {"tsv": b"\n", "csv": b'"\n', "jsonl": b"}\n"}
_AFTER = {"tsv": b"\n", "csv": b"\n", "jsonl": b"}\n"}

_TSV_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\r", b"\\r"), (b"\n", b"\\n"))


def header(output_format: str, *, with_text: bool) -> bytes:
    """What comes before the rows: the names of the columns in CSV, else nothing."""
    if output_format != "csv":
        return b""
    return b"label,probability,text\n" if with_text else b"label,probability\n"


def rows(
    output_format: str,
    labels: tuple[str, str],
    positive: "NDArray[np.bool_]",
    probabilities: "NDArray[np.float32]",
    texts: Iterable[bytes] | None,
) -> bytes:
    """The rows of as many labels, probabilities and, unless None, texts.

    ``labels`` are the negative one and the positive one; ``positive``, [n], says where which.
    """
    core = core_or_twin("imdb_runtime.scoring.rows_reference")
    format_rows: Callable[..., bytes] = core.format_rows
    before = [_BEFORE[output_format].format(label).encode() for label in labels]
    if texts is None:
        return format_rows(probabilities, positive, *before, _AFTER[output_format])
    beginnings = format_rows(probabilities, positive, *before, b"\n").split(b"\n")[:-1]
    before_text, after_text = _BEFORE_TEXT[output_format], _AFTER_TEXT[output_format]
    return b"".join(
        [
            b"%b%b%b%b" % (beginning, before_text, _escaped(output_format, text), after_text)
            for beginning, text in zip(beginnings, texts, strict=True)
        ]
    )


def _escaped(output_format: str, text: bytes) -> bytes:
    shown = text.decode("utf-8", "replace")
    if output_format == "jsonl":
        return json.dumps(shown, ensure_ascii=False).encode()
    escaped = shown.encode()
    if output_format == "csv":
        return escaped.replace(b'"', b'""')
    for character, escape in _TSV_ESCAPES:
        escaped = escaped.replace(character, escape)
    return escaped
