"""Processes that share a file score each line once, wherever the file is divided."""

import io

import pytest

from benchmarks.performance.fasttext_score import blocks_between, prepared

TEXT = b"first line\n\nthird\nfourth, which is longer\nlast without an end"


@pytest.mark.parametrize("cut", range(len(TEXT) + 1))
def test_two_halves_hold_each_line_once_and_in_order(cut: int) -> None:
    halves = [(0, cut), (cut, len(TEXT))]
    lines = [
        line
        for first, last in halves
        for block in blocks_between(io.BytesIO(TEXT), first, last)
        for line in block
    ]
    assert lines == TEXT.splitlines(keepends=True)


def test_text_is_lower_case_with_marks_apart() -> None:
    assert prepared(b"It's GOOD, (really)!").split() == b"it ' s good , ( really ) !".split()
