"""Contenders take turns in processes of their own; a lame one spoils no figures."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.performance.measuring import Contender, Rounds, compare, spread
from imdb_runtime.tokenizer import Vocabulary

TEXTS = [b"A fine film", b"Dull , and long", b"Fine", b""]


@pytest.fixture
def work(tmp_path: Path) -> Path:
    (tmp_path / "test.txt").write_bytes(b"".join(text + b"\n" for text in TEXTS))
    np.save(tmp_path / "test_labels.npy", np.array([1, 0, 1, 0]))
    Vocabulary(["<pad>", "<unk>", "fine", "film"]).write(tmp_path / "words.txt")
    return tmp_path


def tokenizer(work: Path, name: str) -> Contender:
    arguments = {"work": str(work), "count": len(TEXTS), "kind": "bytes"}
    return Contender(name, "tokenizers:ours", len(TEXTS), arguments)


def test_each_contender_has_a_row_of_its_cold_and_its_warm_passes(work: Path) -> None:
    rows = compare([tokenizer(work, "one"), tokenizer(work, "other")], Rounds(2, 3))
    assert [row["name"] for row in rows] == ["one", "other"]
    for row in rows:
        assert row["cold_seconds"]["runs"] == 2
        assert row["seconds"]["runs"] == 2 * (3 - 1)
        assert row["bytes"] == sum(map(len, TEXTS))
        assert row["reviews_a_second"]["max"] == pytest.approx(len(TEXTS) / row["seconds"]["min"])


def test_a_contender_that_fails_is_named_with_its_error_and_the_others_are_measured(
    work: Path,
) -> None:
    lame, sound = compare(
        [tokenizer(work / "nowhere", "lame"), tokenizer(work, "sound")], Rounds(1, 2)
    )
    assert "nowhere" in lame["error"]
    assert "error" not in sound
    assert sound["seconds"]["median"] > 0


def test_a_contender_that_takes_too_long_is_given_up(work: Path) -> None:
    (row,) = compare([tokenizer(work, "slow")], Rounds(1, 2, limit=0.001))
    assert "given up" in row["error"]


def test_one_that_has_spent_its_budget_still_has_a_warm_pass(work: Path) -> None:
    (row,) = compare([tokenizer(work, "dear")], Rounds(1, 5, budget=0.0))
    assert row["seconds"]["runs"] == 1


def test_spread_holds_for_a_single_figure_and_for_several() -> None:
    assert spread([2.0]) == {
        "median": 2, "min": 2, "quartile_1": 2, "quartile_3": 2, "max": 2, "runs": 1,
    }  # fmt: skip
    several = spread([5.0, 1.0, 3.0, 2.0, 4.0])
    assert [several[key] for key in ("min", "quartile_1", "median", "quartile_3", "max")] == [
        1, 2, 3, 4, 5,
    ]  # fmt: skip
