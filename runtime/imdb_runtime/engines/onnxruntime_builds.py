"""Which build of ONNX Runtime is installed, and whether its CUDA part can be loaded."""

import contextlib
import ctypes
import importlib
import io
from importlib import metadata
from pathlib import Path
from typing import Any

from imdb_runtime.command_line import needs_extra
from imdb_runtime.errors import DependencyError, DeviceError

_REPAIR = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'imdb-edge[{extra}]'"


def import_onnxruntime() -> Any:
    """The module ``onnxruntime``.

    Raises
    ------
    DependencyError
        Where it is not installed, or broken.
    DeviceError
        Where both its CPU and its GPU build are installed: they overwrite each other's files.
    """
    if _is_installed("onnxruntime") and _is_installed("onnxruntime-gpu"):
        raise DeviceError(
            "onnxruntime and onnxruntime-gpu are both installed and overwrite each other; run: "
            + _REPAIR.format(extra="gpu")
            + " (or imdb-edge[cpu])"
        )
    try:
        with needs_extra("cpu"):
            runtime = importlib.import_module("onnxruntime")
        # What is left when one of the two builds is uninstalled imports as an empty package.
        _ = runtime.InferenceSession
    except (ImportError, AttributeError) as error:
        raise DependencyError(
            f"onnxruntime is broken: {error}; run: " + _REPAIR.format(extra="cpu")
        ) from error
    return runtime


def preload_cuda_libraries(runtime: Any) -> None:
    """Load CUDA and cuDNN from their Python packages, where those are installed."""
    if hasattr(runtime, "preload_dlls"):
        # It prints to stdout, which is for data; what matters comes from why_cuda_does_not_load.
        with contextlib.redirect_stdout(io.StringIO()):
            runtime.preload_dlls()


def why_cuda_does_not_load(runtime: Any) -> str | None:
    """The system's reason, in one line, why the CUDA provider's library cannot be loaded."""
    folder = Path(runtime.__file__).parent / "capi"
    for part in ("shared", "cuda"):
        for library in folder.glob(f"*onnxruntime_providers_{part}.*"):
            try:
                ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
            except OSError as error:
                return " ".join(str(error).split())
    return None


def _is_installed(distribution: str) -> bool:
    try:
        metadata.distribution(distribution)
    except metadata.PackageNotFoundError:
        return False
    return True
