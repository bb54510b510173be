"""The engine on ONNX Runtime, which runs the graph of any bundle, on the CPU or on CUDA."""

import warnings
from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imdb_runtime.batching import logits_in_order
from imdb_runtime.bundle import INPUTS, MODEL_FILE, OUTPUT
from imdb_runtime.engines import onnxruntime_builds
from imdb_runtime.engines.cpus import available_cpus
from imdb_runtime.errors import BundleError, DeviceError
from imdb_runtime.tokenizer import Encoded, Tokenizer

_CPU, _CUDA = "CPUExecutionProvider", "CUDAExecutionProvider"
# TF32 would round to 10 bits; an exhaustive search would run anew for every shape of a batch.
_CUDA_OPTIONS = {"use_tf32": "0", "cudnn_conv_algo_search": "HEURISTIC"}
_ONLY_FATAL, _ONLY_ERRORS = 4, 3


class OnnxEngine:
    """An ONNX graph with the inputs ``ids`` and ``lengths`` and the output ``logits``.

    Parameters
    ----------
    model : bytes
        The graph, of which the caller has checked where it comes from.
    device : {"auto", "cpu", "cuda"}
        ``cuda`` fails without it; ``auto`` falls back to the CPU, with a ``RuntimeWarning`` where
        a GPU build of ONNX Runtime is installed.
    threads : int, optional
        CPU threads of the session; by default ``available_cpus()``.
    where : str
        Names the model in errors.

    Raises
    ------
    DependencyError
        Where onnxruntime is not installed.
    DeviceError
        Where the device is not to be had, or both builds of onnxruntime are installed.
    BundleError
        Where the graph is not what a bundle's graph must be.
    """

    name = "onnx"

    def __init__(
        self, model: bytes, device: str, threads: int | None = None, where: str = MODEL_FILE
    ) -> None:
        self._where = where
        runtime = onnxruntime_builds.import_onnxruntime()
        runtime.set_default_logger_severity(_ONLY_ERRORS)
        options = runtime.SessionOptions()
        options.log_severity_level = _ONLY_ERRORS
        options.intra_op_num_threads = threads or available_cpus()
        options.inter_op_num_threads = 1
        # It would keep a plan for every shape ever seen, and each batch may have its own.
        options.enable_mem_pattern = False
        self._session: Any = None
        if device != "cpu":
            self._session = self._cuda_session(runtime, model, options, required=device == "cuda")
        self.device = "cuda" if self._session else "cpu"
        if self._session is None:
            self._session = self._new_session(runtime, model, options, [_CPU])
        self._check_signature()

    def logits(self, ids: NDArray[np.int64], lengths: NDArray[np.int64]) -> NDArray[np.float32]:
        """Logits, float32 [n], of ``ids``, int64 [n, longest], with ``lengths``, int64 [n].

        Raises
        ------
        BundleError
            Where the graph fails or gives something of another shape.
        """
        try:
            (logits,) = self._session.run([OUTPUT], {INPUTS[0]: ids, INPUTS[1]: lengths})
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise BundleError(f"{self._where}: the model failed: {_one_line(error)}") from error
        if logits.shape != lengths.shape:
            raise BundleError(
                f"{self._where}: the model gave logits of shape {logits.shape} for"
                f" {len(lengths)} reviews; export the run again"
            )
        return np.asarray(logits, dtype=np.float32)

    def score(self, encoded: Encoded) -> NDArray[np.float32]:
        """Logits, float32 [n], of texts as ids; raises as ``logits``."""
        return logits_in_order(self.logits, encoded)

    def score_texts(
        self, tokenizer: Tokenizer, texts: Iterable[str | bytes]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """Logits, float32 [n], and words, int64 [n], of ``texts``; raises as ``logits``.

        ``TypeError`` names an item that is no text.
        """
        encoded = tokenizer.encode(texts)
        return self.score(encoded), encoded.word_counts

    def _cuda_session(self, runtime: Any, model: bytes, options: Any, *, required: bool) -> Any:
        """A session that really has CUDA; None or, if ``required``, an error without it."""
        if _CUDA not in runtime.get_available_providers():
            if required:
                raise DeviceError(
                    "device cuda: the installed onnxruntime is the CPU build; run: pip uninstall"
                    " -y onnxruntime && pip install 'imdb-edge[gpu]'"
                )
            return None
        onnxruntime_builds.preload_cuda_libraries(runtime)
        reason = ""
        # The reason is told below, in one line; ONNX Runtime would print it in its own way.
        runtime.set_default_logger_severity(_ONLY_FATAL)
        try:
            session = self._new_session(runtime, model, options, [(_CUDA, _CUDA_OPTIONS), _CPU])
            if _CUDA in session.get_providers():
                return session
        except BundleError as error:
            reason = str(error)
        finally:
            runtime.set_default_logger_severity(_ONLY_ERRORS)
        reason = onnxruntime_builds.why_cuda_does_not_load(runtime) or reason or "no reason given"
        if required:
            raise DeviceError(
                f"device cuda: onnxruntime-gpu cannot use CUDA here: {reason}; it needs an NVIDIA"
                f" driver, and the libraries that pip install 'imdb-edge[gpu]' brings"
            )
        warnings.warn(
            f"onnxruntime-gpu cannot use CUDA here: {reason}; running on the CPU",
            RuntimeWarning,
            stacklevel=2,
        )
        return None

    def _new_session(self, runtime: Any, model: bytes, options: Any, providers: list[Any]) -> Any:
        try:
            # Without enable_fallback=0 a failing provider is reported on stdout and passed over.
            return runtime.InferenceSession(model, options, providers=providers, enable_fallback=0)
        except Exception as error:  # ONNX Runtime's errors have no base of their own
            raise BundleError(
                f"{self._where}: ONNX Runtime cannot load the model: {_one_line(error)}"
            ) from error

    def _check_signature(self) -> None:
        inputs = [(node.name, node.type) for node in self._session.get_inputs()]
        outputs = [(node.name, node.type) for node in self._session.get_outputs()]
        expected = [(name, "tensor(int64)") for name in INPUTS]
        if inputs != expected or outputs != [(OUTPUT, "tensor(float)")]:
            raise BundleError(
                f"{self._where}: the model maps {inputs} to {outputs}, not {expected} to"
                f" {[(OUTPUT, 'tensor(float)')]}; export the run again"
            )


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:500]
