import re
from html.parser import HTMLParser

import numpy as np
import pytest

from imdb_train.explain.attributions import explain
from imdb_train.explain.page import render_page, write_page

HOSTILE = (
    "<script>alert('x')</script> \"onmouseover=alert(1) </bdi><img/src=x> &amp; \u202egnp.exe "
    "\u2069\u2067\u05d0\u05d1 {{7*7}} {%raw%} http://example.org/ --></style>"
)
VOID = {"meta", "link", "img", "br"}


class Page(HTMLParser):
    """Elements, their attributes, and the text of each element, as a reader sees them."""

    def __init__(self, content: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.feed(content)
        self.close()
        assert not self._open, "every element is closed"

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag):
        assert self._open.pop() == tag

    def handle_data(self, data):
        self.texts.append((tuple(self._open), data))

    def inside(self, *path: str) -> list[str]:
        return [text for opened, text in self.texts if opened[-len(path) :] == path]

    def text(self) -> str:
        shown = " ".join(text for opened, text in self.texts if "style" not in opened)
        return " ".join(shown.split())


def test_the_words_come_back_exactly_and_nothing_of_them_is_markup(make_run):
    run = make_run(scheme="whitespace")
    explanations = explain(run, [HOSTILE], steps=5)

    page = Page(render_page(explanations))

    words = HOSTILE.lower().split()
    assert page.inside("p", "bdi") == words
    assert page.inside("td", "bdi") == words
    tags = {tag for tag, _ in page.elements}
    assert not tags & {"script", "img", "iframe", "link", "object", "embed"}
    assert not [
        name for _, attributes in page.elements for name in attributes if name.startswith("on")
    ]


def test_the_page_refers_to_nothing_outside_itself(make_run):
    content = render_page(explain(make_run(scheme="whitespace"), ["a film"], steps=5))

    assert not re.search(r"https?:|//|url\(|@import|\bsrc=|\bhref=", content)


def test_a_word_has_its_value_its_side_and_its_strength(make_run):
    (explanation,) = explain(make_run("lstm"), ["It was a great film"], steps=50)

    page = Page(render_page([explanation]))

    coloured = [attributes for tag, attributes in page.elements if tag == "bdi" and attributes]
    values = explanation.attributions
    assert [float(each["title"]) for each in coloured] == pytest.approx(values.tolist(), abs=5e-5)
    assert [each["class"] for each in coloured] == ["pos" if v > 0 else "neg" for v in values]
    assert {each["class"] for each in coloured} == {"pos", "neg"}, "both sides are tested"
    assert [float(each["style"].removeprefix("--strength: ")) for each in coloured] == (
        pytest.approx((np.abs(values) / np.abs(values).max()).tolist(), abs=6e-4)
    )
    listed = page.inside("tr", "td")
    assert [float(value) for value in listed] == pytest.approx(values.tolist(), abs=5e-5)


def test_a_review_shows_its_labels_probability_and_delta(make_run):
    explanations = explain(make_run(), ["it was great", "bad film"], labels=["pos", None], steps=9)

    text = Page(render_page(explanations)).text()

    first, second = text.split("Review 1")[1].split("Review 2")
    assert "True label pos" in first
    assert ("correct" if explanations[0].label == "pos" else "wrong") in first
    assert "True label" not in second
    for shown, explanation in zip((first, second), explanations, strict=True):
        assert f"Predicted {explanation.label}" in shown
        assert f"Probability of pos {explanation.probability:.4f}" in shown
        assert f"Convergence delta {explanation.delta:+.1e}" in shown
    assert "towards neg" in text
    assert "towards pos" in text
    assert "9 steps" in text


def test_an_empty_review_and_a_cut_one_say_so(make_run):
    explanations = explain(make_run(max_length=2), ["", "it was a film"], steps=2)

    text = Page(render_page(explanations)).text()

    assert "No words" in text
    assert "The model reads the first 2 of 4 words." in text


def test_no_reviews_are_a_page_too():
    assert "Explanations of 0 reviews" in Page(render_page([])).text()


def test_control_characters_become_their_pictures(make_run):
    explanations = explain(make_run(scheme="whitespace"), ["a\x00b \x1b[2j"], steps=2)

    page = Page(render_page(explanations))

    assert page.inside("p", "bdi") == ["a␀b", "␛[2j"]


def luminance(colour: list[float]) -> float:
    """Relative luminance as WCAG 2 defines it, of red, green and blue from 0 to 255."""
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in colour
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: list[float], other: list[float]) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("side", ["pos", "neg"])
def test_words_are_readable_on_the_deepest_colour_in_both_schemes(scheme, side):
    rules = re.findall(r":root \{(.*?)\}", render_page([]), flags=re.DOTALL)
    variables = dict(re.findall(r"--(\w+): ([^;]+);", rules[0] if scheme == "light" else rules[1]))
    hexadecimal = {
        name: [int(variables[name][place : place + 2], 16) for place in (1, 3, 5)]
        for name in ("text", "muted", "page", "card")
    }
    colour = [float(part) for part in variables[side].split()]
    share = float(variables["most"])
    deepest = [
        share * part + (1 - share) * under
        for part, under in zip(colour, hexadecimal["card"], strict=True)
    ]

    assert contrast(hexadecimal["text"], deepest) >= 4.5
    assert contrast(hexadecimal["muted"], hexadecimal["card"]) >= 4.5
    assert contrast(hexadecimal["muted"], hexadecimal["page"]) >= 4.5


def test_a_page_is_written_whole_in_utf_8(make_run, tmp_path):
    explanations = explain(make_run(), ["Café film"], steps=2)

    write_page(tmp_path / "page.html", explanations)

    content = (tmp_path / "page.html").read_bytes().decode("utf-8")
    assert content == render_page(explanations)
    assert "café" in content
