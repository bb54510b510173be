"""The run folder: what training writes, and export and explanation read.

``model.safetensors`` the weights, ``config.json`` model, tokenizer and recipe, ``vocab.txt``,
``metrics.json``, ``history.csv``, ``curves.png``, ``reliability.png``.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from safetensors.torch import save as save_tensors

from imdb_runtime.errors import BundleError
from imdb_runtime.files import write_atomically
from imdb_runtime.tokenizer import Tokenizer, Vocabulary
from imdb_train.models import Model, ModelConfig, build_model

FORMAT_VERSION = 1
WEIGHTS, CONFIG, VOCABULARY, METRICS = (
    "model.safetensors",
    "config.json",
    "vocab.txt",
    "metrics.json",
)


@dataclass(frozen=True)
class Run:
    """A trained model with all that is needed to use it again.

    ``config`` is ``config.json`` whole; ``metrics`` maps ``validation`` and ``test`` to figures.
    """

    model: Model
    tokenizer: Tokenizer
    config: dict[str, Any]
    metrics: dict[str, Any]

    @property
    def temperature(self) -> float:
        """What logits are divided by before the sigmoid."""
        return self._positive("temperature", 1.0, math.inf)

    @property
    def threshold(self) -> float:
        """The least probability of ``pos`` that is labelled so."""
        return self._positive("threshold", 0.5, 1.0)

    def _positive(self, name: str, default: float, most: float) -> float:
        value = self.config.get(name, default)
        numeric = isinstance(value, int | float) and not isinstance(value, bool)
        if not numeric or not 0 < value <= most or not math.isfinite(value):
            bound = f", at most {most:g}" if math.isfinite(most) else ""
            raise BundleError(f"config.json: {name} is {value!r}; it must be above 0{bound}")
        return float(value)

    @classmethod
    def load(cls, folder: Path) -> "Run":
        """Read a run folder; the model is in evaluation mode.

        Raises
        ------
        BundleError
            Where the folder is no run, or a file in it is missing, damaged or does not fit.
        """
        folder = Path(folder)
        if not folder.is_dir():
            raise BundleError(f"{folder}: no such run folder; imdb-train writes one")
        if not (folder / CONFIG).exists():
            if (folder / "manifest.json").exists():
                raise BundleError(f"{folder}: a bundle; give the run it was exported from")
            if (folder / "checkpoints").exists():
                raise BundleError(
                    f"{folder}: a training that is not finished; go on with imdb-train --resume"
                )
        config = _read_json(folder / CONFIG)
        metrics = _read_json(folder / METRICS) if (folder / METRICS).exists() else {}
        if config.get("format_version") != FORMAT_VERSION:
            raise BundleError(
                f"{folder / CONFIG}: format_version is {config.get('format_version')!r}, "
                f"this release reads {FORMAT_VERSION}; train again or use another release"
            )
        try:
            model_config = ModelConfig.from_json(config["model"])
            scheme, max_length = config["tokenizer"]["scheme"], config["tokenizer"]["max_length"]
        except (KeyError, TypeError) as error:
            raise BundleError(
                f"{folder / CONFIG}: field {error} is missing or malformed"
            ) from error
        vocabulary = Vocabulary.read(folder / VOCABULARY)
        if len(vocabulary) != model_config.vocabulary_size:
            raise BundleError(
                f"{folder / VOCABULARY}: {len(vocabulary)} words, but the model has "
                f"{model_config.vocabulary_size}; the files are not of one run"
            )
        model = build_model(model_config)
        try:
            model.load_state_dict(load_tensors((folder / WEIGHTS).read_bytes()))
        except (OSError, SafetensorError, RuntimeError) as error:
            reason = str(error).splitlines()[0]
            raise BundleError(f"{folder / WEIGHTS}: cannot read the weights: {reason}") from error
        try:
            tokenizer = Tokenizer(vocabulary, scheme, max_length)
        except (ValueError, TypeError) as error:
            raise BundleError(f"{folder / CONFIG}: tokenizer: {error}") from error
        return cls(model.eval(), tokenizer, config, metrics)

    def save(self, folder: Path) -> None:
        """Write the run's files into ``folder``, each whole or not at all."""
        folder.mkdir(parents=True, exist_ok=True)
        state = {name: tensor.contiguous() for name, tensor in self.model.state_dict().items()}
        with write_atomically(folder / WEIGHTS) as file:
            file.write(save_tensors(state))
        self.tokenizer.vocabulary.write(folder / VOCABULARY)
        write_json(folder / CONFIG, {"format_version": FORMAT_VERSION, **self.config})
        write_json(folder / METRICS, self.metrics)


def write_json(path: Path, value: Any) -> None:
    """Write ``value`` as indented JSON, whole or not at all."""
    with write_atomically(path) as file:
        file.write((json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode())


def _read_json(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path}: cannot read it: {error.strerror}; is this a run?") from error
    except ValueError as error:
        raise BundleError(f"{path}: not valid JSON: {error}") from error
    if not isinstance(value, dict):
        raise BundleError(f"{path}: not a JSON object")
    return value
