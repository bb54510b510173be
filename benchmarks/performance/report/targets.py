"""What was asked for before it was built, beside what was measured."""

from dataclasses import dataclass

from benchmarks.performance.report.results import Results, megabytes_a_second, ratio, value

NATIVE, ON_ONNX = "imdb-edge, native engine", "imdb-edge on ONNX Runtime"
INT8 = f"{ON_ONNX}, int8"


@dataclass(frozen=True)
class Target:
    """A bound and the measured figure that it is for; ``at_least`` or at most."""

    name: str
    bound: float
    measured: float | None
    form: str = "{:,.0f}"
    at_least: bool = True

    @property
    def met(self) -> bool | None:
        """None where nothing was measured."""
        if self.measured is None:
            return None
        return self.measured >= self.bound if self.at_least else self.measured <= self.bound


def targets(results: Results) -> list[Target]:
    """All targets with a figure, in the page's order."""
    return [*_tokenizer(results), *_engines(results), *_bulk(results), *_latency(results)]


def fastest_tier(results: Results) -> str | None:
    """The name of our fastest tokenizer row."""
    ours = [row for row in results.rows("tokenizers", threads=1, input="bytes")
            if row["name"].startswith("imdb-edge") and "error" not in row]  # fmt: skip
    best = max(ours, key=lambda row: value(row, "reviews_a_second") or 0, default=None)
    return best["name"] if best else None


def _tokenizer(results: Results) -> list[Target]:
    def speed(name: str | None, kind: str) -> float | None:
        rows = results.rows("tokenizers", name=name, input=kind, threads=1)
        return megabytes_a_second(rows[0]) if rows else None

    ours = fastest_tier(results)
    found = []
    for kind in ("bytes", "str"):
        found.append(
            Target(
                f"tokenizer, one thread, list of `{kind}`, × gigatoken", 1.5,
                ratio(speed(ours, kind), speed("gigatoken", kind)), "{:.2f} ×",
            )
        )  # fmt: skip
    return [
        *found,
        Target(
            "tokenizer, one thread, list of `str`, × HF WordLevel", 80,
            ratio(speed(ours, "str"), speed("HF WordLevel", "str")), "{:.0f} ×",
        ),
        Target("tokenizer, one thread, list of `bytes`, MB/s (an aim)", 1000,
               speed(ours, "bytes")),
    ]  # fmt: skip


def _engines(results: Results) -> list[Target]:
    def cnn(name: str, threads: int) -> float | None:
        return results.figure("engines", model="cnn", name=name, threads=threads)

    def lstm(name: str) -> float | None:
        return results.figure("engines", model="lstm", name=name)

    found = [
        Target("native engine, notebook's CNN, one thread, reviews/s", 120_000, cnn(NATIVE, 1)),
        Target("native engine, notebook's CNN, two threads, reviews/s", 200_000, cnn(NATIVE, 2)),
    ]
    for threads, name in ((1, "one thread"), (2, "two threads")):
        found.append(
            Target(f"native engine, notebook's CNN, {name}, × ONNX Runtime", 150,
                   ratio(cnn(NATIVE, threads), cnn(ON_ONNX, threads)), "{:.0f} ×")
        )  # fmt: skip
    return [
        *found,
        Target("LSTM of the notebook's size, int8, two threads, reviews/s", 400, lstm(INT8)),
        Target(
            "LSTM of the notebook's size, int8, two threads, × PyTorch",
            5,
            ratio(lstm(INT8), lstm("PyTorch")),
            "{:.1f} ×",
        ),
        Target("CNN training epoch, × plain PyTorch loop", 3, _training(results), "{:.1f} ×"),
    ]


def _training(results: Results) -> float | None:
    def seconds(name: str) -> float | None:
        return results.figure("training", "epoch_seconds", name=name)

    return ratio(seconds("plain PyTorch loop"), seconds("imdb-train"))


def _bulk(results: Results) -> list[Target]:
    rows = results.rows("bulk")
    counts = sorted({row["reviews"] for row in rows})
    if not counts:
        return []

    def seconds(name: str, count: int) -> float | None:
        return results.figure("bulk", "seconds", name=name, reviews=count)

    few, many = counts[0], counts[-1]
    fasttext = "fastText, two processes"
    peak = results.part("bulk").get("peak", {})
    return [
        Target(f"`imdb-score`, {few:,} reviews, two cores, s", 0.6, seconds("imdb-score", few),
               "{:.2f} s", at_least=False),
        Target(f"`imdb-score`, {many:,} reviews, two cores, s", 8, seconds("imdb-score", many),
               "{:.1f} s", at_least=False),
        Target(f"`imdb-score`, {many:,} reviews, two cores, × fastText", 5,
               ratio(seconds(fasttext, many), seconds("imdb-score", many)), "{:.1f} ×"),
        Target(f"peak memory of scoring {peak.get('bytes', 0) / 1e9:.1f} GB, MB", 200,
               peak.get("peak_megabytes"), at_least=False),
    ]  # fmt: skip


def _latency(results: Results) -> list[Target]:
    cold = results.part("latency").get("cold", {})

    def seconds(name: str) -> float | None:
        return value(cold, name)

    def single(model: str) -> float | None:
        return results.figure("latency", "p50_microseconds", model=model, name=NATIVE)

    loading = seconds("from imdb_runtime import Classifier beyond numpy")
    return [
        Target("one review, warm, notebook's CNN, p50, µs", 20, single("cnn"),
               "{:.1f}", at_least=False),
        Target("one review, warm, bundled model, p50, µs", 20, single("bundled"),
               "{:.1f}", at_least=False),
        Target("`imdb-score` of one line, s", 0.25, seconds("imdb-score of one line"), "{:.3f} s",
               at_least=False),
        Target("`from imdb_runtime import Classifier` beyond numpy, ms", 40,
               None if loading is None else 1000 * loading, "{:.0f}", at_least=False),
    ]  # fmt: skip
