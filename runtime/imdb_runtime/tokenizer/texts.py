"""What the C tokenizer and its Python twin agree on before any word is read."""

WORDS, WHITESPACE = 0, 1


def as_bytes(text: str | bytes, number: int = 0) -> bytes:
    """A text in UTF-8; half a surrogate pair, which has none, becomes invalid bytes.

    Raises
    ------
    TypeError
        Where it is no text; it is called by its ``number``.
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"text {number} is {type(text).__name__}, not str or bytes")
    return text.encode("utf-8", "surrogatepass")
