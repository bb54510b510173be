"""The graph of a bundle, looked at before anything runs it.

ONNX Runtime is no safe parser of hostile models. What it is given has been read here field by
field (``onnx_file``), has the operators of an export alone (``shapes``), takes memory that is
bounded for every batch it may be given, and looks words up in a table of the vocabulary's size.
"""

import struct
from collections.abc import Iterator
from math import prod

from imdb_runtime.batching import MAX_BATCH_ROWS, MAX_BATCH_WORDS
from imdb_runtime.bundle.manifest import INPUTS, MODEL_FILE, OUTPUT, Manifest
from imdb_runtime.bundle.onnx_file import FLOAT, INT64, MAX_AXES, Model, Value, read_model
from imdb_runtime.bundle.shapes import OPERATORS, Sized
from imdb_runtime.errors import BundleError

MAX_NODES = 10_000
# Numbers that a run of the graph may compute, of one batch: 2 GB as float32.
MAX_NUMBERS = 1 << 29
# Sizes come in short lists.
_MOST_KNOWN = 64
_OPTIONAL_OPSETS = {"com.microsoft": 1}


def check_graph(content: bytes, manifest: Manifest, where: str) -> None:
    """Refuse the ONNX file ``content`` unless it is of the form that exports have.

    Raises
    ------
    BundleError
        Where it is another file, has an operator, attribute, input or output that no export has,
        would take memory without bound, or does not fit ``manifest``; ``where`` names it.
    """
    try:
        model = read_model(content)
        _check_opsets(model, manifest.opset)
        _check_signature(model)
        _check_nodes(model)
        _check_embedding(model, manifest.model["vocabulary_size"])
        for rows, words in _batch_shapes(manifest.tokenizer.max_length):
            _check_sizes(model, rows, words)
    except ValueError as error:
        raise BundleError(
            f"{where}: not a graph that imdb-export writes: {error}; do not load it"
        ) from error


def _check_opsets(model: Model, opset: int) -> None:
    others = {domain: version for domain, version in model.opsets.items() if domain != ""}
    if model.opsets.get("") != opset or not others.items() <= _OPTIONAL_OPSETS.items():
        raise ValueError(f"it imports {model.opsets}, {MODEL_FILE} must be of opset {opset}")


def _check_signature(model: Model) -> None:
    inputs = (Value(INPUTS[0], INT64, 2), Value(INPUTS[1], INT64, 1))
    if model.inputs != inputs or model.outputs != (Value(OUTPUT, FLOAT, 1),):
        raise ValueError(
            f"it maps {_shown(model.inputs)} to {_shown(model.outputs)}, not {INPUTS[0]} and"
            f" {INPUTS[1]} to {OUTPUT}"
        )


def _check_nodes(model: Model) -> None:
    """Known operators, whose inputs are there before them, and names that mean one thing."""
    if len(model.nodes) > MAX_NODES or len(model.initializers) > MAX_NODES:
        raise ValueError(f"it has more than {MAX_NODES:,} nodes or initializers")
    defined: set[str] = set()
    for name in (*INPUTS, *(tensor.name for tensor in model.initializers)):
        _define(name, defined)
    for node in model.nodes:
        operator = OPERATORS.get(node.operator)
        if operator is None:
            raise ValueError(f"the operator {node.operator!r} is none that exports use")
        for name, value in node.attributes.items():
            if type(value) is not operator.attributes.get(name):
                raise ValueError(f"{node.operator} has the attribute {name!r}, which exports lack")
        if len(node.inputs) not in operator.inputs or len(node.outputs) != operator.outputs:
            raise ValueError(f"{node.operator} has another number of inputs or outputs")
        for place, name in enumerate(node.inputs):
            if (name == "") != (place in operator.absent) or (name and name not in defined):
                raise ValueError(f"{node.operator} reads {name!r}, which is not there before it")
        for name in node.outputs:
            _define(name, defined)
    if OUTPUT not in (name for node in model.nodes for name in node.outputs):
        raise ValueError(f"no node computes {OUTPUT!r}")


def _define(name: str, defined: set[str]) -> None:
    if not name or name in defined:
        raise ValueError(f"the tensor {name!r} is there twice or has no name")
    defined.add(name)


def _check_embedding(model: Model, vocabulary_size: int) -> None:
    """Whatever is looked up by word has a row for each word and no more."""
    rows = {tensor.name: tensor.shape[:1] for tensor in model.initializers}
    by_word = {INPUTS[0]}
    tables = []
    for node in model.nodes:
        if node.operator == "Pad" and node.inputs[0] in by_word:
            by_word.update(node.outputs)
        if node.operator == "Gather" and node.inputs[1] in by_word:
            tables.append(node.inputs[0])
    if not tables:
        raise ValueError("it has no embedding")
    for name in tables:
        if rows.get(name) != (vocabulary_size,):
            raise ValueError(f"{name!r} has not a row for each of {vocabulary_size} words")


def _batch_shapes(max_length: int) -> Iterator[tuple[int, int]]:
    """The largest batches, rows and words of a row, of ``imdb_runtime.batching``."""
    for words in (1, MAX_BATCH_WORDS // MAX_BATCH_ROWS, max_length):
        yield min(MAX_BATCH_ROWS, max(1, MAX_BATCH_WORDS // words)), words


def _check_sizes(model: Model, rows: int, words: int) -> None:
    sized: dict[str, Sized] = {INPUTS[0]: Sized((rows, words)), INPUTS[1]: Sized((rows,))}
    for tensor in model.initializers:
        count = prod(tensor.shape)
        known = tensor.type == INT64 and count <= _MOST_KNOWN
        values = struct.unpack(f"<{count}q", tensor.values) if known else None
        sized[tensor.name] = Sized(tensor.shape, values)
    total = 0
    for node in model.nodes:
        inputs = [sized.get(name) for name in node.inputs]
        outputs = OPERATORS[node.operator].infer(inputs, node.attributes)
        if any(len(output.shape) > MAX_AXES for output in outputs):
            raise ValueError(f"{node.operator} gives more than {MAX_AXES} axes")
        total += sum(prod(output.shape) for output in outputs)
        if total > MAX_NUMBERS:
            raise ValueError(
                f"{node.operator} would bring it to {total:.3g} numbers for {rows} reviews of"
                f" {words} words, over {MAX_NUMBERS:.3g}"
            )
        sized.update(zip(node.outputs, outputs, strict=True))
    if sized[OUTPUT].shape != (rows,):
        raise ValueError(f"it gives {list(sized[OUTPUT].shape)} logits for {rows} reviews")


def _shown(values: tuple[Value, ...]) -> str:
    return ", ".join(f"{value.name!r}" for value in values[:4]) or "nothing"
