"""Reviews to ids: the project's tokenizer, tier by tier, beside those from PyPI.

They do not do the same work: gigatoken is a byte-level BPE, nanotoken a WordPiece (each with 30,000
tokens, trained on the training reviews by HF's trainers), blingfire only finds words, and
``str.split`` keeps marks on words. WordLevel is ours word for word: lower case, the same
vocabulary, words and marks by HF's ``Whitespace``.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.performance.corpus import reviews, vocabulary
from benchmarks.performance.measuring import Contender, compare
from benchmarks.performance.models import BPE, WORD_PIECE
from benchmarks.performance.settings import NOTEBOOK_WORDS, Settings
from benchmarks.performance.worker import Work
from imdb_runtime._core import tiers

MAX_LENGTH = 1 << 20


def measure(settings: Settings) -> dict[str, Any]:
    """Rows of all contenders, for lists of ``bytes`` and of ``str``, on one thread and two."""
    count = settings.reviews(25_000, 1_000)
    slow = max(1, count // 5)
    rows = []
    for kind in ("bytes", "str"):
        for threads in (1, 2):
            contenders = [
                _contender(settings, f"imdb-edge, {tier}", "ours", count, kind, threads, tier)
                for tier in tiers()
            ]
            contenders += [
                _contender(settings, "gigatoken", "gigatoken", count, kind, threads),
                _contender(settings, "nanotoken", "nanotoken", count, kind, threads),
            ]
            if kind == "bytes":
                contenders.append(
                    _contender(settings, "gigatoken, one buffer", "gigatoken_buffer", count, kind,
                               threads)
                )  # fmt: skip
            else:
                contenders.append(
                    _contender(settings, "HF WordLevel", "word_level", slow, kind, threads)
                )
                if threads == 1:  # these know no threads
                    contenders += [
                        _contender(settings, "blingfire words", "blingfire", slow, kind, 1),
                        _contender(settings, "lower().split() + dict", "split", count, kind, 1),
                    ]
            rounds = settings.rounds(processes=2 if threads == 1 else 1, passes=9, budget=2)
            rows += [{"input": kind, **row} for row in compare(contenders, rounds)]
    return {"rows": rows}


def _contender(
    settings: Settings,
    name: str,
    setup: str,
    count: int,
    kind: str,
    threads: int,
    tier: str | None = None,
) -> Contender:
    arguments = {"work": str(settings.work), "count": count, "kind": kind}
    environment = {"IMDB_SIMD": tier} if tier else {}
    return Contender(name, f"tokenizers:{setup}", count, arguments, threads, environment)


def _work(work: str, count: int, kind: str, run: Callable[[Sequence[Any]], Any]) -> Work:
    texts: list[Any] = reviews(Path(work), "test").sample(count).texts
    size = sum(map(len, texts))
    if kind == "str":
        texts = [text.decode() for text in texts]
    return Work(lambda: run(texts), lambda result: {"bytes": size})


def ours(threads: int, work: str, count: int, kind: str) -> Work:
    """``Tokenizer.encode``, which releases the GIL: on two threads half of the reviews on each."""
    from imdb_runtime.tokenizer import Tokenizer

    tokenizer = Tokenizer(vocabulary(Path(work), NOTEBOOK_WORDS), max_length=MAX_LENGTH)
    if threads == 1:
        return _work(work, count, kind, tokenizer.encode)
    pool = ThreadPoolExecutor(threads)

    def encode(texts: Sequence[Any]) -> list[Any]:
        size = -(-len(texts) // threads)
        parts = [texts[start : start + size] for start in range(0, len(texts), size)]
        return list(pool.map(tokenizer.encode, parts))

    return _work(work, count, kind, encode)


def gigatoken(threads: int, work: str, count: int, kind: str) -> Work:
    """``encode_batch`` on the calling thread, or on its pool."""
    import gigatoken

    tokenizer = gigatoken.Tokenizer(Path(work) / BPE)
    return _work(work, count, kind, lambda t: tokenizer.encode_batch(t, parallel=threads > 1))


def gigatoken_buffer(threads: int, work: str, count: int, kind: str) -> Work:
    """All reviews in one buffer, a line feed between them: the interface it is fastest by."""
    import gigatoken

    tokenizer = gigatoken.Tokenizer(Path(work) / BPE)
    texts = reviews(Path(work), "test").sample(count).texts
    source = gigatoken.BytesSource([b"\n".join(texts)], separator=b"\n")
    return Work(
        lambda: tokenizer.encode_batch(source, parallel=threads > 1),
        lambda result: {"bytes": sum(map(len, texts))},
    )


def nanotoken(threads: int, work: str, count: int, kind: str) -> Work:
    """``encode_batch`` of its Rust core, without special tokens."""
    import nanotoken

    tokenizer = nanotoken.WordPieceTokenizer.from_json((Path(work) / WORD_PIECE).read_bytes())
    return _work(
        work, count, kind,
        lambda t: tokenizer.encode_batch(t, add_special_tokens=False, parallel=threads > 1),
    )  # fmt: skip


def word_level(threads: int, work: str, count: int, kind: str) -> Work:
    """HF tokenizers with our vocabulary; ``encode_batch_fast`` leaves the offsets out."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers

    words = vocabulary(Path(work), NOTEBOOK_WORDS).words
    ids = {word: number for number, word in enumerate(words)}
    tokenizer = Tokenizer(models.WordLevel(ids, unk_token="<unk>"))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return _work(work, count, kind, tokenizer.encode_batch_fast)


def blingfire(threads: int, work: str, count: int, kind: str) -> Work:
    """Words with spaces between them, lower-cased and looked up in a dict."""
    import blingfire

    ids = {word: n for n, word in enumerate(vocabulary(Path(work), NOTEBOOK_WORDS).words)}
    return _work(
        work, count, kind,
        lambda t: [[ids.get(w, 1) for w in blingfire.text_to_words(x.lower()).split()] for x in t],
    )  # fmt: skip


def split(threads: int, work: str, count: int, kind: str) -> Work:
    """What one writes first."""
    ids = {word: n for n, word in enumerate(vocabulary(Path(work), NOTEBOOK_WORDS).words)}
    return _work(
        work, count, kind, lambda t: [[ids.get(w, 1) for w in x.lower().split()] for x in t]
    )
