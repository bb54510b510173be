"""The vocabulary: which words a model knows, by id, and its file, one word a line."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from imdb_runtime.errors import BundleError
from imdb_runtime.files import write_atomically

PADDING, UNKNOWN = "<pad>", "<unk>"
SPECIAL = (PADDING, UNKNOWN)


class Vocabulary:
    """Words in the order of their ids; 0 is ``<pad>``, 1 is ``<unk>``."""

    def __init__(self, words: Sequence[str]) -> None:
        """Take ``words``, the two special ones first.

        Raises
        ------
        BundleError
            Where those are missing, or a word is empty, repeated or holds a line feed.
        """
        self.words = tuple(words)
        if self.words[:2] != SPECIAL:
            raise BundleError("a vocabulary begins with <pad> and <unk>")
        seen: dict[str, int] = {}
        for line, word in enumerate(self.words, start=1):
            if not word or "\n" in word:
                raise BundleError(f"line {line} of the vocabulary is empty or holds a line feed")
            if word in seen:
                raise BundleError(
                    f"the vocabulary has {word!r} twice, on lines {seen[word]} and {line}"
                )
            seen[word] = line

    def __len__(self) -> int:
        return len(self.words)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Vocabulary) and self.words == other.words

    def __hash__(self) -> int:
        return hash(self.words)

    @classmethod
    def from_counts(
        cls, counts: Mapping[str, int], *, min_count: int = 1, max_size: int | None = None
    ) -> "Vocabulary":
        """The words seen at least ``min_count`` times, most frequent first, equals by spelling.

        ``max_size`` bounds the whole vocabulary, the two special words included.
        """
        kept = [
            word for word, count in counts.items() if count >= min_count and word not in SPECIAL
        ]
        kept.sort(key=lambda word: (-counts[word], word))
        room = None if max_size is None else max(max_size - len(SPECIAL), 0)
        return cls([*SPECIAL, *kept[:room]])

    @classmethod
    def from_bytes(cls, content: bytes, where: str = "vocab.txt") -> "Vocabulary":
        """Read a vocabulary file's content; ``where`` names it in errors (``BundleError``)."""
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = content.count(b"\n", 0, error.start) + 1
            raise BundleError(f"{where}: line {line} is not UTF-8") from error
        if not text.endswith("\n"):
            raise BundleError(f"{where}: the last line has no end; the file was cut short")
        try:
            return cls(text[:-1].split("\n"))
        except BundleError as error:
            raise BundleError(f"{where}: {error}") from error

    @classmethod
    def read(cls, path: Path) -> "Vocabulary":
        """Read a vocabulary file; raises ``BundleError``."""
        try:
            content = Path(path).read_bytes()
        except OSError as error:
            raise BundleError(f"{path}: cannot read the vocabulary: {error.strerror}") from error
        return cls.from_bytes(content, str(path))

    def to_bytes(self) -> bytes:
        """The file's content."""
        return "".join(f"{word}\n" for word in self.words).encode("utf-8")

    def write(self, path: Path) -> None:
        """Write the file, whole or not at all."""
        with write_atomically(path) as file:
            file.write(self.to_bytes())
