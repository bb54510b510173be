"""The tables of docs/performance.md."""

from collections.abc import Iterable, Sequence
from typing import Any

from benchmarks.performance.report.results import Results, Row, megabytes_a_second, value
from benchmarks.performance.report.targets import targets

MODELS = {
    "cnn": "notebook's CNN",
    "bundled": "bundled model",
    "lstm": "notebook's LSTM",
    "distilbert": "random weights",
}
SERIES = {
    "reviews_to_probabilities": "reviews, to probabilities (bundled model)",
    "bytes_to_ids": "bytes of one review, to ids",
    "bytes_to_probability": "bytes of one review, to a probability",
    "vocabulary_to_ids": "words of the vocabulary: 5,000 reviews to ids",
    "vocabulary_to_table": "words of the vocabulary: making the tokenizer",
}


def all_tables(results: Results) -> dict[str, str]:
    """Markdown by the name of its place in the page."""
    return {
        "machine": _machine(results),
        "targets": _targets(results),
        "checks": _checks(results),
        "tokenizers": _tokenizers(results),
        "engines": _engines(results),
        "bags": _bags(results),
        "bulk": _bulk(results),
        "latency": _latency(results),
        "cold": _cold(results),
        "growth": _growth(results),
        "training": _training(results),
    }


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; columns but the first are aligned right where they hold figures."""
    kept = [list(row) for row in rows]
    if not kept:
        return "Not measured yet.\n"
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *kept]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _machine(results: Results) -> str:
    names = ("checks", "tokenizers", "engines", "bags", "bulk", "latency", "growth", "training")
    parts = [part for part in map(results.part, names) if part]
    if not parts:
        return "Not measured yet.\n"
    machines = {
        f"{m['processor']} (family, model, stepping {m['family']}; {', '.join(m['simd'])}),"
        f" {m['cpus']} CPUs, {m['memory_gigabytes']:.0f} GB, {m['system']}"
        for m in (part["machine"] for part in parts)
    }
    commits = {part["commit"] + (" and changes" if part["uncommitted"] else "") for part in parts}
    versions = {name: v for part in parts for name, v in part["versions"].items() if v}
    versions["python"] = versions["python"].split()[0]
    dates = sorted(part["date"] for part in parts)
    loads = [part["machine"]["load_average"][0] for part in parts]
    took = sum(part["took_seconds"] for part in parts)
    packages = ", ".join(f"{name} {v}" for name, v in sorted(versions.items()))
    return (
        f"* Machine: {'; '.join(sorted(machines))}\n"
        f"* Measured: {dates[0]} to {dates[-1]}, {took / 60:.0f} minutes in all, commit"
        f" {', '.join(sorted(commits))}, seed 0; load average as a part began:"
        f" {min(loads):.1f} to {max(loads):.1f}\n"
        f"* Versions: {packages}\n"
    )


def _targets(results: Results) -> str:
    def answer(met: bool | None) -> str:
        return {None: "not measured", True: "yes", False: "**no**"}[met]

    rows = [
        (
            target.name,
            f"{'≥' if target.at_least else '≤'} {target.form.format(target.bound)}",
            "–" if target.measured is None else target.form.format(target.measured),
            answer(target.met),
        )
        for target in targets(results)
    ]
    rows += [
        (check["name"], check["asked"], check["measured"], answer(check["met"]))
        for check in results.rows("checks")
        if "PyTorch" in check["name"]
    ]
    return table(("what", "asked", "measured", "met"), rows)


def _checks(results: Results) -> str:
    rows = [
        (row["name"], row["asked"], row["measured"], "yes" if row["met"] else "**no**")
        for row in results.rows("checks")
    ]
    return table(("what", "asked", "measured", "met"), rows)


def _tokenizers(results: Results) -> str:
    rows = []
    for row in results.rows("tokenizers"):
        speed = megabytes_a_second(row)
        rows.append(
            (
                row["name"], f"`{row['input']}`", str(row["threads"]),
                *(
                    (row["error"], "", "")
                    if speed is None
                    else (
                        f"{speed:,.0f} ({_range(row, row['bytes'] / 1e6)})",
                        f"{row['bytes'] / 1e6 / row['cold_seconds']['median']:,.0f}",
                        _speed(row),
                    )
                ),
            )
        )  # fmt: skip
    return table(("", "list of", "threads", "MB/s (quartiles)", "cold, MB/s", "reviews/s"), rows)


def _engines(results: Results) -> str:
    rows = [
        (
            row["name"], MODELS[row["model"]], str(row["threads"]), _speed(row),
            _reviews_range(row), _cold_speed(row), _f1(row), _memory(row),
        )
        for row in results.rows("engines")
    ]  # fmt: skip
    head = ("", "model", "threads", "reviews/s", "quartiles", "cold", "F1", "peak MB")
    return table(head, rows)


def _bags(results: Results) -> str:
    rows = [
        (row["name"], _speed(row), _reviews_range(row), _f1(row), _memory(row))
        for row in results.rows("bags")
    ]
    return table(("", "reviews/s", "quartiles", "F1 on the test reviews", "peak MB"), rows)


def _bulk(results: Results) -> str:
    rows = [
        (
            row["name"], f"{row['reviews']:,}", f"{row['bytes'] / 1e6:,.0f}",
            f"{row['seconds']['median']:.2f}", f"{row['seconds']['min']:.2f}", _speed(row),
            f"{row['cpu_seconds']['median']:.2f}", f"{row['peak_megabytes']:,.0f}",
        )
        for row in results.rows("bulk")
    ]  # fmt: skip
    peak = results.part("bulk").get("peak")
    if peak:
        rows.append(
            (
                "imdb-score", f"{peak['reviews']:,}", f"{peak['bytes'] / 1e6:,.0f}",
                f"{peak['seconds']:.2f}", "", f"{peak['reviews'] / peak['seconds']:,.0f}",
                f"{peak['cpu_seconds']:.2f}", f"{peak['peak_megabytes']:,.0f}",
            )
        )  # fmt: skip
    head = ("", "reviews", "MB", "seconds", "least", "reviews/s", "CPU seconds", "peak MB")
    return table(head, rows)


def _latency(results: Results) -> str:
    keys = ("p50_microseconds", "p90_microseconds", "p99_microseconds")
    rows = [
        (
            row["name"],
            MODELS[row["model"]],
            *([row["error"], "", ""] if "error" in row else [f"{row[key]:,.1f}" for key in keys]),
        )
        for row in results.rows("latency")
    ]
    return table(("", "model", "p50, µs", "p90, µs", "p99, µs"), rows)


def _cold(results: Results) -> str:
    rows = [
        (f"`{name}`" if name.startswith("python") else name, *_milliseconds(spread))
        for name, spread in results.part("latency").get("cold", {}).items()
    ]
    return table(("", "median, ms", "least", "quartiles"), rows)


def _growth(results: Results) -> str:
    rows = []
    for series in results.part("growth").get("series", []):
        name = SERIES[series["name"]]
        if "error" in series:
            rows.append((name, series["error"], "", "", ""))
            continue
        first, last = series["points"][0], series["points"][-1]
        slope = series["slope"]
        rows.append(
            (
                name,
                f"{first['size']:,}",
                f"{last['size']:,}",
                f"{_time(first['seconds'])} to {_time(last['seconds'])}",
                "–" if slope is None else f"{slope:.2f}",
            )
        )
    return table(("as these grow", "from", "to", "time", "slope, log by log"), rows)


def _training(results: Results) -> str:
    rows = [
        (
            row["name"], f"{row['reviews']:,}", str(row["threads"]),
            *(
                [row["error"], "", ""]
                if "error" in row
                else [
                    f"{row['epoch_seconds']['median']:.1f}",
                    f"{row['epoch_seconds']['min']:.1f}–{row['epoch_seconds']['max']:.1f}",
                    f"{row['validation_loss']:.4f}",
                ]
            ),
        )
        for row in results.rows("training")
    ]  # fmt: skip
    head = ("", "reviews", "threads", "seconds an epoch", "range", "least validation loss")
    return table(head, rows)


def _speed(row: Row) -> str:
    speed = value(row, "reviews_a_second")
    if speed is None:
        return str(row.get("error", "–"))
    return f"{speed:,.0f}" if speed >= 100 else f"{speed:.1f}"


def _cold_speed(row: Row) -> str:
    cold = value(row, "cold_seconds")
    return "" if cold is None else f"{row['reviews'] / cold:,.0f}"


def _reviews_range(row: Row) -> str:
    spread: dict[str, Any] | None = row.get("reviews_a_second")
    return f"{spread['quartile_1']:,.0f}–{spread['quartile_3']:,.0f}" if spread else ""


def _range(row: Row, amount: float) -> str:
    spread = row["seconds"]
    return f"{amount / spread['quartile_3']:,.0f}–{amount / spread['quartile_1']:,.0f}"


def _f1(row: Row) -> str:
    # That of a sample says little: it is left to the checks, on all test reviews.
    return f"{row['f1']:.4f}" if "f1" in row and row["reviews"] >= 25_000 else ""


def _memory(row: Row) -> str:
    return f"{row['peak_megabytes']:,.0f}" if "peak_megabytes" in row else ""


def _milliseconds(spread: dict[str, float]) -> tuple[str, str, str]:
    median, least, first, third = (
        f"{1000 * spread[key]:.1f}" for key in ("median", "min", "quartile_1", "quartile_3")
    )
    return median, least, f"{first}–{third}"


def _time(seconds: float) -> str:
    units = (("s", 1.0), ("ms", 1e-3), ("µs", 1e-6))
    unit, size = next((each for each in units if seconds >= each[1]), units[-1])
    return f"{seconds / size:.3g} {unit}"
