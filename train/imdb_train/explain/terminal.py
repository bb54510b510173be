"""Explanations on a terminal: the review's words in colour, or a listing where colour is off."""

import unicodedata
from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.style import Style
from rich.text import Text

from imdb_runtime.explanations import Explanation
from imdb_train.explain.display import signed, small, strengths, visible

# Dark text on these is readable at any strength, on a terminal of any scheme.
_DARK = "#101010"
_PALE = (244, 244, 244)
_FULL = {True: (92, 200, 120), False: (255, 122, 110)}
_JOINERS = "\u200c\u200d"


def render(explanations: Iterable[Explanation], console: Console) -> str:
    """The explanations as ``console`` can show them: with its colours and width, or plainly.

    Plain, each review is a line of its prediction and a line a word: signed attribution, word.
    """
    coloured = console.is_terminal and console.color_system is not None and not console.no_color
    show = _coloured if coloured else _plain
    with console.capture() as captured:
        for number, explanation in enumerate(explanations):
            if number:
                console.print()
            for line in show(explanation):
                console.print(line, soft_wrap=not coloured)
    return captured.get()


def _plain(explanation: Explanation) -> Iterator[Text]:
    yield _header(explanation)
    for word, value in zip(explanation.words, explanation.attributions, strict=True):
        yield Text(f"  {signed(value)}  {_safe(word)}")
    yield from _notes(explanation)


def _coloured(explanation: Explanation) -> Iterator[Text]:
    header = _header(explanation)
    header.stylize("bold")
    yield header
    review = Text()
    values = strengths(explanation.attributions).tolist()
    for word, strength in zip(explanation.words, values, strict=True):
        review.append(f" {_safe(word)} ", _style(strength))
    if explanation.words:
        yield review
    yield from _notes(explanation)


def _header(explanation: Explanation) -> Text:
    known = f"  true {explanation.true_label}" if explanation.true_label else ""
    return Text(
        f"{explanation.label}  probability of pos {explanation.probability:.4f}{known}"
        f"  delta {small(explanation.delta)}"
    )


def _notes(explanation: Explanation) -> Iterator[Text]:
    if not explanation.words:
        yield Text("  (no words)")
    if explanation.truncated:
        yield Text(
            f"  (the model reads the first {len(explanation.words):,} "
            f"of {explanation.word_count:,} words)"
        )


def _style(strength: float) -> Style:
    share = abs(strength)
    mixed = (
        round(pale + (full - pale) * share)
        for pale, full in zip(_PALE, _FULL[strength > 0], strict=True)
    )
    return Style(color=_DARK, bgcolor="#{:02x}{:02x}{:02x}".format(*mixed))


def _safe(word: str) -> str:
    """``word`` with nothing in it that moves the cursor or turns the text's direction."""
    return "".join(
        f"\\u{ord(character):04x}"
        if unicodedata.category(character) in ("Cf", "Zl", "Zp") and character not in _JOINERS
        else character
        for character in visible(word)
    )
