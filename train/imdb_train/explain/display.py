"""What the terminal and the page show alike."""

import numpy as np
import numpy.typing as npt

_CONTROLS = {
    **{code: 0x2400 + code for code in range(0x20)},
    0x7F: 0x2421,
    **dict.fromkeys(range(0x80, 0xA0), 0xFFFD),
}


def strengths(attributions: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Each attribution's share, -1 to 1, of the largest in its review; float32 [n]."""
    largest = np.abs(attributions).max(initial=0)
    return attributions / largest if largest > 0 else np.zeros_like(attributions)


def signed(attribution: float) -> str:
    """An attribution as people read it: four decimals, a sign, and no negative zero."""
    return f"{attribution:+z.4f}"


def small(delta: float) -> str:
    """A convergence delta as people read it: its sign and size."""
    return f"{delta:+.1e}" if delta else "0"


def visible(word: str) -> str:
    """``word`` with control characters as their pictures: none reaches a terminal or a page."""
    return word.translate(_CONTROLS)
