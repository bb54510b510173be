import io
import re

import numpy as np
import pytest
from rich.console import Console

from imdb_runtime.explanations import Explanation
from imdb_train.explain.attributions import explain
from imdb_train.explain.terminal import render

ESCAPE = "\x1b"


def explanation(words, values, **fields) -> Explanation:
    known = {
        "text": " ".join(words),
        "words": list(words),
        "attributions": np.array(values, dtype=np.float32),
        "label": "pos",
        "probability": 0.87654,
        "true_label": None,
        "logit": 2.0,
        "baseline_logit": 0.0,
        "delta": 0.00012,
        "steps": 10,
        "method": "layer_integrated_gradients",
        "word_count": len(words),
    }
    return Explanation(**{**known, **fields})


def terminal(**options) -> Console:
    options = {"force_terminal": True, "color_system": "truecolor", "width": 60, **options}
    return Console(file=io.StringIO(), **options)


def background(rendered: str, word: str) -> tuple[int, int, int]:
    found = re.search(rf"48;2;(\d+);(\d+);(\d+)m {word} ", rendered)
    return tuple(int(part) for part in found.groups())


@pytest.fixture(autouse=True)
def _no_colour_settings(monkeypatch):
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)


def test_a_listing_has_a_line_of_the_prediction_and_a_line_a_word():
    shown = render(
        [explanation(["great", "bad"], [0.5, -0.25], true_label="neg")],
        Console(file=io.StringIO()),
    )

    assert shown.splitlines() == [
        "pos  probability of pos 0.8765  true neg  delta +1.2e-04",
        "  +0.5000  great",
        "  -0.2500  bad",
    ]


def test_a_true_label_that_is_not_known_is_not_shown():
    assert "true" not in render([explanation(["great"], [1])], Console(file=io.StringIO()))


def test_a_listing_is_never_broken_at_a_width():
    shown = render([explanation(["x" * 500], [1])], Console(file=io.StringIO(), width=20))

    assert "  +1.0000  " + "x" * 500 in shown.splitlines()


def test_reviews_are_parted_by_an_empty_line():
    shown = render([explanation(["a"], [1])] * 2, Console(file=io.StringIO()))

    assert shown.split("\n\n")[0] == shown.split("\n\n")[1].rstrip("\n")


def test_on_a_terminal_green_pulls_to_pos_and_red_to_neg_by_strength():
    shown = render(
        [explanation(["best", "fine", "so", "worst"], [2.0, 1.0, 0.0, -2.0])], terminal()
    )

    best, fine, so, worst = (background(shown, word) for word in ("best", "fine", "so", "worst"))
    assert best[1] > best[0], "green"
    assert worst[0] > worst[1], "red"
    assert best[0] < fine[0] < so[0], "the stronger, the deeper"
    assert so[0] == so[1] == so[2], "no attribution, no colour"


def test_no_color_gives_the_listing_even_on_a_terminal(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")

    shown = render([explanation(["great"], [0.5])], terminal())

    assert ESCAPE not in shown
    assert "  +0.5000  great" in shown.splitlines()


def test_a_pipe_gets_no_escape_codes():
    assert ESCAPE not in render([explanation(["great"], [0.5])], Console(file=io.StringIO()))


@pytest.mark.parametrize("console", [terminal(), Console(file=io.StringIO())])
def test_a_word_cannot_steer_the_terminal(console):
    hostile = ["\x1b[2Jx", "a\x07\x00", "\u202eabc", "\u2066b", "[red]c[/red]", ":smile:"]

    shown = render([explanation(hostile, [1, 2, 3, 4, 5, 6])], console)

    assert "\x1b[2J" not in shown
    assert not set(shown) & set("\x07\x00\u202e\u2066")
    for word in ("␛[2Jx", "a␇␀", "\\u202eabc", "\\u2066b", "[red]c[/red]", ":smile:"):
        assert word in shown


def test_an_empty_review_and_a_cut_one_say_so():
    shown = render(
        [explanation([], []), explanation(["a", "b"], [1, 1], word_count=1234)],
        Console(file=io.StringIO()),
    )

    assert "(no words)" in shown
    assert "(the model reads the first 2 of 1,234 words)" in shown


def test_every_word_of_a_real_explanation_is_shown_in_order(make_run):
    explanations = explain(make_run("lstm"), ["It was a great film"], steps=5)

    listed = render(explanations, Console(file=io.StringIO())).splitlines()[1:]

    assert [line.split()[1] for line in listed] == ["it", "was", "a", "great", "film"]
    assert [float(line.split()[0]) for line in listed] == pytest.approx(
        explanations[0].attributions.tolist(), abs=5e-5
    )
