"""A language model of the reviews, whose LSTMs a classifier starts from (Dai & Le 2015).

One LSTM reads the reviews forward and predicts each next word, another backward; both are those of
a bidirectional classifier of one layer. The softmax is over the word that came and a sample of
others, corrected for how likely each was drawn (Jean et al. 2015).
"""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors
from torch import Tensor, nn

from imdb_runtime.errors import BundleError, InputError
from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import Tokenizer, Vocabulary, split_words
from imdb_train.glove import load_glove
from imdb_train.run import write_json

DIRECTIONS = ("forward", "backward")
VOCABULARY, SETTINGS = "vocab.txt", "language_model.json"
_REPORT_EVERY = 100
_WHOLE_REVIEW = 2**31 - 1


@dataclass(frozen=True)
class Settings:
    """How a language model is made and trained."""

    scheme: str = "words"
    hidden: int = 512
    epochs: int = 1
    streams: int = 96  # read side by side, each where it left off
    steps: int = 64  # words of each stream between two updates
    samples: int = 640  # words drawn for a softmax
    lr: float = 2.5e-3
    dropout: float = 0.1
    seed: int = 0


class DirectedLanguageModel(nn.Module):
    """Embedding, LSTM, projection; the words' output vectors are their embeddings."""

    def __init__(self, embedding: Tensor, log_frequency: Tensor, settings: Settings) -> None:
        super().__init__()
        words, dimension = embedding.shape
        self.embedding = nn.Embedding(words, dimension, padding_idx=0)
        self.embedding.weight.data.copy_(embedding)
        self.lstm = nn.LSTM(dimension, settings.hidden)
        self.projection = nn.Linear(settings.hidden, dimension)
        self.bias = nn.Parameter(log_frequency.clone())
        self.dropout = nn.Dropout(settings.dropout)

    def forward(
        self, words: Tensor, state: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        """Output vectors, [steps * streams, dimension], of ``words``, [steps, streams]; state."""
        outputs, state = self.lstm(self.dropout(self.embedding(words)), state)
        return self.projection(self.dropout(outputs.flatten(0, 1))), state


def prepare(
    texts: Sequence[bytes], scheme: str, max_size: int, vectors: Path, seed: int
) -> tuple[Tokenizer, Tensor]:
    """The tokenizer of ``texts`` and the words' first vectors, float32 [words, dimension].

    A word that ``vectors`` (GloVe's text format) lacks starts at random.

    Raises
    ------
    InputError
        Where the vectors cannot be read.
    """
    counts: Counter[str] = Counter()
    for text in texts:
        counts.update(split_words(text, scheme))
    vocabulary = Vocabulary.from_counts(counts, min_count=2, max_size=max_size)
    loaded = load_glove(str(vectors), vocabulary.words, offline=True)
    random = np.random.default_rng(seed).normal(0, 0.1, (len(vocabulary), loaded.dimension))
    embedding = np.where(loaded.found[:, None], loaded.vectors, random).astype(np.float32)
    embedding[0] = 0.0
    return Tokenizer(vocabulary, scheme, _WHOLE_REVIEW), torch.from_numpy(embedding)


def train_direction(
    texts: Sequence[bytes],
    tokenizer: Tokenizer,
    embedding: Tensor,
    direction: str,
    settings: Settings,
    folder: Path,
    report: Callable[[str], None],
) -> None:
    """Train one direction and write it, with vocabulary and settings, into ``folder``.

    ``embedding``, float32 [words, dimension], is where the words' vectors start.

    Raises
    ------
    InputError
        Where the texts are too few for one update.
    """
    random = np.random.default_rng(settings.seed)
    stream = _stream(texts, tokenizer, direction, settings, random)
    counts = np.bincount(stream.reshape(-1).numpy(), minlength=len(tokenizer.vocabulary))
    # Word2vec's smoothing: rare words are drawn often enough to learn from.
    drawn = torch.from_numpy((counts + 1e-3) ** 0.75)
    log_drawn = torch.log(drawn / drawn.sum()).float()
    torch.manual_seed(settings.seed)
    model = DirectedLanguageModel(embedding, log_drawn, settings)
    optimizer = torch.optim.Adam(model.parameters(), lr=settings.lr, betas=(0.9, 0.99), fused=True)
    per_epoch = (len(stream) - 1) // settings.steps
    total = per_epoch * settings.epochs
    if not total:
        least = settings.streams * (settings.steps + 1)
        raise InputError(f"{stream.numel():,} words are too few: at least {least:,} are needed")
    # It halves the time where the processor has it and changes no loss to speak of.
    bfloat16 = _has_bfloat16_lstm()
    fresh = torch.zeros(1, settings.streams, settings.hidden)
    state, losses, started = (fresh, fresh), 0.0, time.monotonic()
    for step in range(total):
        # Warm up, then down to nearly nothing along a cosine.
        rate = min(1.0, (step + 1) / 200) * (0.03 + 0.485 * (1 + math.cos(math.pi * step / total)))
        for group in optimizer.param_groups:
            group["lr"] = settings.lr * rate
        first = step % per_epoch * settings.steps
        if first == 0:
            state = (fresh, fresh)
        words = stream[first : first + settings.steps]
        targets = stream[first + 1 : first + settings.steps + 1].reshape(-1)
        sample = torch.multinomial(drawn, settings.samples, replacement=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=bfloat16):
            outputs, state = model(words, state)
            others = outputs @ model.embedding.weight[sample].T
        state = (state[0].detach().float(), state[1].detach().float())
        loss = _sampled_loss(model, outputs.float(), others.float(), targets, sample, log_drawn)
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        losses += float(loss.detach())
        if (step + 1) % _REPORT_EVERY == 0:
            left = (time.monotonic() - started) / (step + 1) * (total - step - 1) / 60
            report(
                f"{direction}: step {step + 1} of {total}, loss {losses / _REPORT_EVERY:.4f}"
                f", {left:.0f} minutes left"
            )
            losses = 0.0
    _write(folder, model, tokenizer.vocabulary, direction, settings)


def _has_bfloat16_lstm() -> bool:
    """Whether the processor runs an LSTM in bfloat16; asking the library is trying it."""
    try:
        with torch.no_grad(), torch.autocast("cpu", torch.bfloat16):
            nn.LSTM(8, 8)(torch.zeros(2, 1, 8))
    except RuntimeError:
        return False
    return True


def _sampled_loss(
    model: DirectedLanguageModel,
    outputs: Tensor,
    others: Tensor,
    targets: Tensor,
    sample: Tensor,
    log_drawn: Tensor,
) -> Tensor:
    expected = log_drawn + math.log(len(sample))
    own = (outputs * model.embedding(targets)).sum(dim=1) + model.bias[targets] - expected[targets]
    others = others + model.bias[sample] - expected[sample]
    # A word drawn that is the one to predict is no other.
    others = others.masked_fill(sample == targets[:, None], -1e4)
    logits = torch.cat((own[:, None], others), dim=1)
    return nn.functional.cross_entropy(logits, torch.zeros_like(targets))


def _stream(
    texts: Sequence[bytes],
    tokenizer: Tokenizer,
    direction: str,
    settings: Settings,
    random: np.random.Generator,
) -> Tensor:
    """All reviews in random order, each after one ``<pad>``, int64 [words, streams]."""
    encoded = tokenizer.encode(texts)
    pieces: list[NDArray[np.int32]] = []
    for row in random.permutation(len(texts)):
        start, end = encoded.offsets[row], encoded.offsets[row + 1]
        pieces += [np.zeros(1, dtype=np.int32), encoded.ids[start:end]]
    joined = np.concatenate(pieces)
    if direction == "backward":
        joined = joined[::-1]
    length = len(joined) // settings.streams
    side_by_side = joined[: length * settings.streams].reshape(settings.streams, length)
    return torch.from_numpy(side_by_side.T.astype(np.int64))


def _write(
    folder: Path,
    model: DirectedLanguageModel,
    vocabulary: Vocabulary,
    direction: str,
    settings: Settings,
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary.write(folder / VOCABULARY)
    write_json(folder / SETTINGS, asdict(settings))
    state = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    with write_atomically(folder / f"{direction}.safetensors") as file:
        file.write(save_tensors(state))


@dataclass(frozen=True)
class LanguageModel:
    """Both directions of a trained language model, as a classifier starts from them.

    ``weights`` are named as a one-layer ``RecurrentClassifier`` names them. Each direction learnt
    vectors of its own: a word's embedding is both end to end, and each LSTM reads its half.
    """

    vocabulary: Vocabulary
    scheme: str
    weights: dict[str, Tensor]

    @property
    def hidden(self) -> int:
        """The size of each direction's state."""
        return int(self.weights["recurrent.weight_hh_l0"].shape[1])

    @property
    def dimension(self) -> int:
        """The size of a word's embedding."""
        return int(self.weights["embedding.weight"].shape[1])

    @classmethod
    def read(cls, folder: Path) -> "LanguageModel":
        """Read what ``imdb-train language-model`` wrote.

        Raises
        ------
        BundleError
            Where the folder is none, or lacks a direction.
        """
        if not (folder / SETTINGS).exists():
            raise BundleError(f"{folder}: no language model; imdb-train language-model writes one")
        vocabulary = Vocabulary.read(folder / VOCABULARY)
        try:
            scheme = json.loads((folder / SETTINGS).read_bytes())["scheme"]
            states = [
                load_tensors((folder / f"{direction}.safetensors").read_bytes())
                for direction in DIRECTIONS
            ]
            weights = _both_directions(states)
        except (OSError, ValueError, KeyError, SafetensorError, RuntimeError) as error:
            raise BundleError(f"{folder}: no whole language model: {error}") from error
        if len(weights["embedding.weight"]) != len(vocabulary):
            raise BundleError(f"{folder}: {VOCABULARY} is of another training; train both anew")
        return cls(vocabulary, scheme, weights)


def _both_directions(states: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """The weights of a bidirectional LSTM whose directions have these."""
    weights = {
        "embedding.weight": torch.cat([state["embedding.weight"] for state in states], dim=1)
    }
    for index, (state, suffix) in enumerate(zip(states, ("", "_reverse"), strict=True)):
        for kind in ("weight_hh", "bias_ih", "bias_hh"):
            weights[f"recurrent.{kind}_l0{suffix}"] = state[f"lstm.{kind}_l0"]
        own = state["lstm.weight_ih_l0"]
        halves = [torch.zeros_like(own), torch.zeros_like(own)]
        halves[index] = own
        weights[f"recurrent.weight_ih_l0{suffix}"] = torch.cat(halves, dim=1)
    return weights
