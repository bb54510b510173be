"""The page says what the results say, and says so where there are none."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from benchmarks.performance import record
from benchmarks.performance.report import charts, page
from benchmarks.performance.report.results import Results
from benchmarks.performance.report.tables import all_tables, table
from benchmarks.performance.report.targets import Target, targets


def spread(median: float) -> dict[str, float]:
    return {"median": median, "min": median, "quartile_1": median, "quartile_3": median}


def tokenizer(name: str, kind: str, seconds: float) -> dict[str, Any]:
    return {
        "name": name, "input": kind, "threads": 1, "reviews": 10, "bytes": 1_000_000,
        "seconds": spread(seconds), "cold_seconds": spread(2 * seconds),
        "reviews_a_second": spread(10 / seconds),
    }  # fmt: skip


@pytest.fixture
def results(tmp_path: Path) -> Results:
    rows = [
        tokenizer(name, kind, seconds)
        for kind in ("bytes", "str")
        for name, seconds in (
            ("imdb-edge, scalar", 0.01), ("imdb-edge, avx2", 0.002), ("gigatoken", 0.004),
            ("HF WordLevel", 0.1),
        )
    ]  # fmt: skip
    rows.append({"name": "nanotoken", "input": "str", "threads": 1, "error": "not installed"})
    record.write(tmp_path, "tokenizers", {"rows": rows}, record.state(), quick=True)
    return Results(tmp_path)


def test_the_fastest_tier_is_held_against_the_peers(results: Results) -> None:
    by_name = {target.name: target for target in targets(results)}
    against = by_name["tokenizer, one thread, list of `bytes`, × gigatoken"]
    assert against.measured == pytest.approx(0.004 / 0.002)
    assert against.met is True
    word_level = by_name["tokenizer, one thread, list of `str`, × HF WordLevel"]
    assert word_level.measured == pytest.approx(0.1 / 0.002)
    assert word_level.met is False


def test_what_was_not_measured_is_neither_met_nor_missed(results: Results) -> None:
    unmeasured = [target for target in targets(results) if target.measured is None]
    assert unmeasured
    assert all(target.met is None for target in unmeasured)
    assert Target("seconds", 2.0, 3.0, at_least=False).met is False
    assert Target("seconds", 2.0, 1.0, at_least=False).met is True


def test_a_peer_that_failed_is_in_the_table_with_its_error(results: Results) -> None:
    assert "| nanotoken | `str` | 1 | not installed |" in all_tables(results)["tokenizers"]


def test_a_table_without_rows_says_so() -> None:
    assert table(("what", "figure"), []) == "Not measured yet.\n"


def test_the_page_has_a_place_for_every_table_and_filling_it_twice_changes_nothing(
    tmp_path: Path,
) -> None:
    text = page.PAGE.read_text(encoding="utf-8")
    for name, content in all_tables(Results(tmp_path)).items():
        text = page.replaced(text, name, content)
        assert page.replaced(text, name, content) == text
    with pytest.raises(ValueError, match="nothing of the kind"):
        page.replaced(text, "nothing of the kind", "")


def test_charts_are_the_same_bytes_for_the_same_figures(results: Results, tmp_path: Path) -> None:
    (chart,) = charts.write(results, tmp_path / "one")
    (again,) = charts.write(results, tmp_path / "two")
    assert chart.read_bytes() == again.read_bytes()
    texts = "".join(ElementTree.parse(chart).getroot().itertext())
    assert "gigatoken, list of str" in texts
    assert "nanotoken" not in texts
