"""A run to a checked bundle: the road from end to end."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from imdb_export import checks
from imdb_export.batches import Batch, mixed_batches, review_batches
from imdb_export.graph import build_graph
from imdb_export.native import native_scorer, ranges_file
from imdb_export.reviews import CheckReviews, find_reviews
from imdb_runtime.bundle import (
    INPUTS,
    MANIFEST_FILE,
    MODEL_FILE,
    OUTPUT,
    VOCABULARY_FILE,
    write_bundle,
)
from imdb_runtime.engines.cpus import available_cpus
from imdb_runtime.engines.native import RANGES_FILE, NativeEngine, is_cnn
from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_train.labels import LABELS
from imdb_train.run import WEIGHTS, Run

Notify = Callable[[str, float | None], None]


@dataclass(frozen=True)
class Form:
    """A form of the model: its file in bytes, and what it does on the reviews compared.

    ``logits`` are those of all batches; ``speed`` is reviews a second and ``f1`` that of ``pos``,
    on the real reviews, None without any.
    """

    name: str
    size: int
    logits: checks.Logits
    speed: float | None
    f1: float | None


@dataclass(frozen=True)
class Parity:
    """What was compared with PyTorch, and how far apart the logits were at most.

    ``max_logit_difference`` is that of the float graph. ``batch_difference`` is how far a logit
    moves with the rest of its batch in the graph that the bundle holds. ``int8`` is None for a
    float bundle; ``native``, the difference of the native engine from the model that the bundle
    holds, is None where it does not run it.
    """

    made_up_reviews: int
    real_reviews: int
    real_reviews_missing: str | None
    max_logit_difference: float
    batch_difference: float
    int8: checks.ProbabilityDifference | None
    native: checks.ProbabilityDifference | None


@dataclass(frozen=True)
class Report:
    """What was exported, and what the checks found; PyTorch's form comes first."""

    bundle: Path
    bundle_size: int
    architecture: str
    opset: int
    threads: int
    forms: list[Form]
    parity: Parity


def export_run(
    folder: Path,
    out: Path,
    *,
    opset: int = 17,
    int8: bool = False,
    data: Path | None = None,
    check_reviews: int = 512,
    notify: Notify = lambda stage, done: None,
) -> Report:
    """Export the run in ``folder`` to the bundle ``out``, which is written only if all is well.

    Parameters
    ----------
    folder
        A run, as imdb-train writes it.
    out
        The bundle to write; a bundle that is there is replaced.
    opset
        The version of the ONNX operator set, one of ``imdb_export.opsets``.
    int8
        Hold the embedding, and the weights of an LSTM, as int8.
    data
        Where the corpus of the run is now, if not where ``config.json`` says.
    check_reviews
        How many real validation reviews to compare on; 0 for none.
    notify
        Is told what is being done now, and the share of it that is done, 0 to 1, where known.

    Raises
    ------
    ImdbError
        Where a file cannot be read, the graph cannot be built, or its logits, or those of the
        native engine, are not PyTorch's.
    """
    notify(f"reading {folder}", None)
    run = Run.load(folder)
    notify("writing the graph", None)
    graph = build_graph(run.model, opset)
    graph_int8 = build_graph(run.model, opset, int8=True) if int8 else None
    notify("looking for the run's validation reviews", None)
    bench = _Bench(run, find_reviews(run.config, check_reviews, data), notify)
    torch_size = (folder / WEIGHTS).stat().st_size
    in_torch = bench.measure("PyTorch", torch_size, checks.pytorch_scorer(run.model))
    in_float, engine = bench.measure_graph("ONNX float32", graph)
    worst = checks.check_logits(in_torch.logits, in_float.logits, bench.batches)
    moved = checks.batch_difference(engine.logits, bench.made_up)
    checks.check_batch_difference(moved)
    forms = [in_torch, in_float]
    difference = native_difference = None
    if graph_int8 is not None:
        in_int8, engine = bench.measure_graph("ONNX int8", graph_int8)
        difference = checks.check_int8(
            bench.probabilities(in_torch.logits),
            bench.probabilities(in_int8.logits),
            bench.threshold,
        )
        moved = checks.batch_difference(engine.logits, bench.made_up)
        if run.model.config.architecture != "lstm":
            checks.check_batch_difference(moved)
        forms.append(in_int8)
    files = {
        MODEL_FILE: graph if graph_int8 is None else graph_int8,
        VOCABULARY_FILE: run.tokenizer.vocabulary.to_bytes(),
    }
    config = run.model.config.to_json()
    if is_cnn(config):
        files[RANGES_FILE] = ranges_file(files[MODEL_FILE], config)
        in_c = bench.measure_native(files[MODEL_FILE], config, files[RANGES_FILE])
        reference = in_torch if graph_int8 is None else in_int8
        native_difference = checks.check_native(
            bench.probabilities(reference.logits),
            bench.probabilities(in_c.logits),
            bench.threshold,
        )
        forms.append(in_c)
    parity = Parity(
        made_up_reviews=bench.count - len(bench.rows),
        real_reviews=len(bench.rows),
        real_reviews_missing=bench.missing,
        max_logit_difference=worst,
        batch_difference=moved,
        int8=difference,
        native=native_difference,
    )
    write_bundle(out, _manifest_fields(run, opset, forms, parity), files)
    size = sum(len(content) for content in files.values()) + (out / MANIFEST_FILE).stat().st_size
    architecture = run.model.config.architecture
    return Report(out, size, architecture, opset, available_cpus(), forms, parity)


class _Bench:
    """The batches that every form of one model is measured on."""

    def __init__(self, run: Run, found: CheckReviews, notify: Notify) -> None:
        self._notify = notify
        self.made_up = mixed_batches(len(run.tokenizer.vocabulary))
        self.real: list[Batch] = []
        self.rows = np.empty(0, dtype=np.int64)
        self.missing = found.missing
        if found.split is not None:
            self.real, self.rows = review_batches(run.tokenizer, found.split.texts)
            self._labels = found.split.labels[self.rows]
        self.batches = [*self.made_up, *self.real]
        self.count = sum(len(batch.lengths) for batch in self.batches)
        self.threshold, self.temperature = run.threshold, run.temperature

    def measure(self, name: str, size: int, scorer: checks.Scorer) -> Form:
        made_up = checks.score_batches(scorer, self.made_up)
        if not self.real:
            return Form(name, size, made_up, speed=None, f1=None)
        start = time.perf_counter()
        real = checks.score_batches(scorer, self._with_progress(self.real, name))
        speed = len(real) / (time.perf_counter() - start)
        f1 = _f1(self.probabilities(real) >= self.threshold, self._labels == 1)
        return Form(name, size, np.concatenate([made_up, real]), speed, f1)

    def measure_graph(self, name: str, graph: bytes) -> tuple[Form, OnnxEngine]:
        engine = OnnxEngine(graph, "cpu", available_cpus())
        return self.measure(name, len(graph), engine.logits), engine

    def measure_native(self, graph: bytes, config: dict[str, Any], ranges: bytes) -> Form:
        engine = NativeEngine(graph, config, self.temperature, ranges, available_cpus())
        return self.measure("native engine", len(graph) + len(ranges), native_scorer(engine))

    def _with_progress(self, batches: Sequence[Batch], name: str) -> Iterator[Batch]:
        for number, batch in enumerate(batches):
            self._notify(f"scoring {len(self.rows)} reviews with {name}", number / len(batches))
            yield batch

    def probabilities(self, logits: checks.Logits) -> NDArray[np.float64]:
        """Of ``pos``, float64 [reviews]."""
        wide = torch.from_numpy(logits.astype(np.float64))
        return torch.sigmoid(wide / self.temperature).numpy()


def _manifest_fields(run: Run, opset: int, forms: list[Form], parity: Parity) -> dict[str, Any]:
    metrics = dict(run.metrics)
    if parity.int8 is not None and parity.real_reviews:
        metrics["int8"] = {
            "reviews": parity.real_reviews,
            "f1_before": forms[1].f1,
            "f1_after": forms[2].f1,
        }
    return {
        "labels": list(LABELS),
        "model": run.model.config.to_json(),
        "tokenizer": {"scheme": run.tokenizer.scheme, "max_length": run.tokenizer.max_length},
        "opset": opset,
        "inputs": list(INPUTS),
        "output": OUTPUT,
        "threshold": run.threshold,
        "temperature": run.temperature,
        "quantization": "none" if parity.int8 is None else "int8",
        "metrics": metrics,
        "parity": {**asdict(parity), "tolerance": checks.TOLERANCE},
    }


def _f1(predicted: NDArray[np.bool_], true: NDArray[np.bool_]) -> float:
    # In one line, as importing torchmetrics takes as long as importing torch.
    return 2 * int(np.sum(predicted & true)) / max(1, int(np.sum(predicted) + np.sum(true)))
