import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_runtime.errors import BundleError, DeviceError


@pytest.fixture
def model(build_model: Callable[[list[float]], bytes]) -> bytes:
    return build_model([100.0, 1.0, 2.0, 4.0])


def test_logits_are_those_of_the_graph(model: bytes):
    engine = OnnxEngine(model, "cpu", 1)
    logits = engine.logits(
        np.array([[1, 2, 3], [3, 0, 0], [0, 0, 0]]), np.array([3, 1, 0], dtype=np.int64)
    )
    assert logits.dtype == np.float32
    assert logits.tolist() == [7.0, 4.0, 0.0]
    assert (engine.name, engine.device) == ("onnx", "cpu")


def test_auto_takes_the_cpu_without_a_word_where_only_the_cpu_build_is(model: bytes):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert OnnxEngine(model, "auto", 1).device == "cpu"


def test_cuda_fails_on_the_cpu_build_and_says_what_to_install(model: bytes):
    with pytest.raises(DeviceError, match=r"CPU build.*pip install 'imdb-edge\[gpu\]'"):
        OnnxEngine(model, "cuda", 1)


def test_both_builds_installed_is_found_and_the_fix_said(tmp_path: Path, run_python):
    for name in ("onnxruntime", "onnxruntime-gpu"):
        folder = tmp_path / f"{name.replace('-', '_')}-1.20.0.dist-info"
        folder.mkdir()
        (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.20.0\n")
    code = f"""
import sys
sys.path.insert(0, {str(tmp_path)!r})
from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_runtime.errors import DeviceError
for device in ("cpu", "auto", "cuda"):
    try:
        OnnxEngine(b"", device)
    except DeviceError as error:
        print(error)
"""
    lines = run_python(code).stdout.splitlines()
    assert len(lines) == 3
    for line in lines:
        assert (
            "pip uninstall -y onnxruntime onnxruntime-gpu && pip install 'imdb-edge[gpu]'" in line
        )


def test_a_missing_onnxruntime_names_the_extra(run_python):
    code = """
import sys
sys.modules["onnxruntime"] = None  # what Python makes of an absent package
from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_runtime.errors import DependencyError
try:
    OnnxEngine(b"", "cpu")
except DependencyError as error:
    print(error)
"""
    assert "pip install 'imdb-edge[cpu]'" in run_python(code).stdout


def test_the_rest_of_an_uninstalled_onnxruntime_is_told_from_a_whole_one(run_python):
    code = """
import sys, types
sys.modules["onnxruntime"] = types.ModuleType("onnxruntime")  # as an empty folder is imported
from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_runtime.errors import DependencyError
try:
    OnnxEngine(b"", "cpu")
except DependencyError as error:
    print(error)
"""
    assert "onnxruntime is broken" in run_python(code).stdout


def test_what_is_no_graph_is_refused_in_one_line():
    with pytest.raises(BundleError, match="bundles/x: ONNX Runtime cannot load") as caught:
        OnnxEngine(b"not a graph", "cpu", 1, where="bundles/x")
    assert "\n" not in str(caught.value)


def test_a_graph_with_other_inputs_is_refused():
    graph = helper.make_graph(
        [helper.make_node("Neg", ["x"], ["logits"])],
        "other",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n"])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n"])],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(BundleError, match="the model maps"):
        OnnxEngine(model.SerializeToString(), "cpu", 1)


def test_a_graph_that_gives_another_shape_is_refused(model: bytes):
    parsed = onnx.load_from_string(model)
    parsed.graph.node[-1].attribute[0].i = 1  # keepdims: [n, 1]
    parsed.graph.output[0].type.tensor_type.ClearField("shape")
    engine = OnnxEngine(parsed.SerializeToString(), "cpu", 1)
    with pytest.raises(BundleError, match=r"\(2, 1\) for 2 reviews"):
        engine.logits(np.array([[1], [2]]), np.array([1, 1]))


def test_an_id_outside_the_graph_is_an_error_not_a_crash(model: bytes):
    engine = OnnxEngine(model, "cpu", 1)
    with pytest.raises(BundleError, match="the model failed") as caught:
        engine.logits(np.array([[4]]), np.array([1]))
    assert "\n" not in str(caught.value)


def test_onnxruntime_writes_nothing_of_its_own(model: bytes, tmp_path: Path, run_python):
    (tmp_path / "model.onnx").write_bytes(model)
    code = """
import numpy as np
from imdb_runtime.engines.onnx_engine import OnnxEngine
from imdb_runtime.errors import DeviceError
engine = OnnxEngine(open("model.onnx", "rb").read(), "auto")
engine.logits(np.array([[1]]), np.array([1]))
try:
    OnnxEngine(b"", "cuda")
except DeviceError:
    pass
"""
    done = run_python(code, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
