"""``Classifier``: texts in, probabilities and labels out."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.bundle import VOCABULARY_FILE, Bundle
from imdb_runtime.engines import create_engine
from imdb_runtime.errors import BundleError, DeviceError
from imdb_runtime.lines import read_batches
from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_runtime.twins import core_or_twin

if TYPE_CHECKING:
    from imdb_runtime.engines.native import NativeEngine
    from imdb_runtime.explanations import Explanation

_backend = core_or_twin("imdb_runtime.probabilities_reference")


class Score(NamedTuple):
    """The label of a text and the probability, 0 to 1, of the positive class."""

    label: str
    probability: float


class Scores(NamedTuple):
    """Of n texts: probability of the positive class, float32 [n], and words, int64 [n].

    ``word_counts`` are the words each text has; the model reads the first
    ``Classifier.max_length`` of them.
    """

    probabilities: NDArray[np.float32]
    word_counts: NDArray[np.int64]


class Classifier:
    """A sentiment classifier, made from a bundle by ``Classifier.load``.

    One classifier may be used from several threads at once, and pickles: the copy loads the same
    verified bytes again. A text's probability does not depend on the texts scored along with it,
    but for an int8 LSTM, whose operator scales its input over the whole batch.

    Attributes
    ----------
    classes_ : tuple[str, str]
        The negative and the positive label, the columns of ``predict_proba``.
    threshold : float
        From which probability of the positive class up ``predict`` gives its label.
    max_length : int
        How many words of a text are read.
    device, engine : str
        Where it runs (``cpu`` or ``cuda``) and on what (``native`` or ``onnx``).
    """

    def __init__(
        self,
        bundle: Bundle,
        *,
        device: str = "auto",
        engine: str = "auto",
        threads: int | None = None,
        threshold: float | None = None,
    ) -> None:
        manifest = bundle.manifest
        vocabulary = Vocabulary.from_bytes(
            bundle.files[VOCABULARY_FILE], str(Path(bundle.where) / VOCABULARY_FILE)
        )
        if len(vocabulary) != manifest.model["vocabulary_size"]:
            raise BundleError(
                f"{bundle.where}: {VOCABULARY_FILE} has {len(vocabulary)} words, the model"
                f" {manifest.model['vocabulary_size']}; export the run again"
            )
        try:
            self._tokenizer = Tokenizer(
                vocabulary, manifest.tokenizer.scheme, manifest.tokenizer.max_length
            )
        except ValueError as error:
            raise BundleError(f"{bundle.where}: tokenizer: {error}") from error
        self._arguments = {
            "device": device,
            "engine": engine,
            "threads": threads,
            "threshold": threshold,
        }
        self._bundle = bundle
        self._engine = create_engine(bundle, engine, device, threads)
        self.classes_ = manifest.labels
        self.threshold = manifest.threshold if threshold is None else threshold
        self.max_length = manifest.tokenizer.max_length
        self.device = self._engine.device
        self.engine = self._engine.name

    @classmethod
    def load(
        cls,
        path: str | Path | None = None,
        *,
        device: str = "auto",
        engine: str = "auto",
        threads: int | None = None,
        threshold: float | None = None,
    ) -> "Classifier":
        """Load the bundle at ``path``, or the one that comes with the package.

        Parameters
        ----------
        path : str or Path, optional
            A bundle's folder.
        device : {"auto", "cpu", "cuda"}
            ``cuda`` fails where the model cannot run on it; ``auto`` then runs on the CPU, with
            a ``RuntimeWarning`` where a GPU build of ONNX Runtime is installed.
        engine : {"auto", "native", "onnx"}
            What runs the model: ``native`` is the C engine, for CNNs on the CPU, and ``onnx``
            ONNX Runtime, for all. ``auto`` takes ``native`` where it can.
        threads : int, optional
            CPU threads to use; by default all CPUs that the process may use.
        threshold : float, optional
            Probability from which a text is positive; by default the bundle's.

        Raises
        ------
        BundleError, DeviceError, DependencyError
            Where the bundle is refused, or the device or engine is not to be had.
        """
        if path is None:
            path = Path(__file__).parent / "bundles" / "default"
            if not path.is_dir():
                raise BundleError(
                    "this installation comes without a model; give the path of a bundle"
                    " (imdb-export writes one)"
                )
        return cls(
            Bundle.read(path), device=device, engine=engine, threads=threads, threshold=threshold
        )

    @property
    def bundle_sha256(self) -> str:
        """The SHA-256 that stands for all of the bundle: manifest, model and vocabulary."""
        return str(self._bundle.manifest.to_json()["sha256"])

    def predict_proba(self, texts: Iterable[str | bytes]) -> NDArray[np.float32]:
        """Probabilities, float32 [n, 2], the columns as in ``classes_``.

        Bytes are read as UTF-8. Any text has a probability, the empty one too.

        Raises
        ------
        TypeError
            Where ``texts`` is a single text, or an item of it is no text (its number is named).
        """
        positive = self.score_texts(texts).probabilities
        columns = np.empty((len(positive), 2), dtype=np.float32)
        np.subtract(1, positive, out=columns[:, 0])
        columns[:, 1] = positive
        return columns

    def predict(self, texts: Iterable[str | bytes]) -> NDArray[np.str_]:
        """Labels, an array of str [n]; raises as ``predict_proba``."""
        return self.labels(self.score_texts(texts).probabilities)

    def score_lines(self, stream: BinaryIO) -> Iterator[Score]:
        r"""Score a binary stream line by line, in constant memory; lines end at ``\n`` alone.

        Gives one ``Score`` a line, in order, the empty ones too. Of a line longer than
        ``lines.MAX_LINE_BYTES`` the first part is scored.
        """
        for lines in read_batches(stream):
            probabilities = self.score_texts(lines).probabilities
            yield from map(Score, self.labels(probabilities).tolist(), probabilities.tolist())

    def score_texts(self, texts: Iterable[str | bytes]) -> Scores:
        """Probabilities of the positive class and word counts; raises as ``predict_proba``."""
        if isinstance(texts, (str, bytes)):
            raise TypeError("texts must be a list of texts, not a single one: write [text]")
        logits, word_counts = self._engine.score_texts(self._tokenizer, texts)
        temperature = self._bundle.manifest.temperature
        return Scores(_backend.probabilities(logits, temperature), word_counts)

    def explain(
        self, texts: Sequence[str], labels: Sequence[str | None] | None = None
    ) -> "list[Explanation]":
        """What each word of each text adds to its logit, by exact Integrated Gradients.

        For CNNs on the native engine; see ``docs/explanations.md``. ``labels`` are the true ones,
        and only passed on.

        Raises
        ------
        DeviceError
            Where the engine is another.
        InputError
            Where ``labels`` do not fit ``texts`` or are not the model's.
        TypeError
            Where ``texts`` is a single text.
        """
        if isinstance(texts, (str, bytes)):
            raise TypeError("texts must be a list of texts, not a single one: write [text]")
        if self.engine != "native":
            raise DeviceError(
                f"{self._bundle.where}: the engine {self.engine} gives scores alone; the native"
                " engine explains CNNs, and imdb-explain the run that a bundle was exported from"
            )
        from imdb_runtime.explanations.explaining import explain

        engine, manifest = cast("NativeEngine", self._engine), self._bundle.manifest
        return explain(engine, self._tokenizer, manifest, self.threshold, texts, labels)

    def labels(self, probabilities: NDArray[np.float32]) -> NDArray[np.str_]:
        """The labels, an array of str [n], of ``probabilities`` of the positive class, [n]."""
        negative, positive = self.classes_
        return np.where(probabilities >= self.threshold, positive, negative)

    def __getstate__(self) -> dict[str, Any]:
        # A session of the engine does not pickle, nor would it survive a fork.
        return {"bundle": self._bundle, "arguments": self._arguments}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(state["bundle"], **state["arguments"])  # type: ignore[misc]
