import imdb_runtime

HEAVY = ("torch", "onnx", "onnxruntime", "captum", "pyarrow")


def test_importing_the_runtime_loads_nothing_heavy(run_python):
    code = f"""
import sys
import imdb_runtime
assert "numpy" not in sys.modules
imdb_runtime.Classifier, imdb_runtime.Score, imdb_runtime.ImdbError, imdb_runtime.__version__
import imdb_runtime.scoring.cli
print(sorted(set({HEAVY!r}) & set(sys.modules)))
"""
    assert run_python(code).stdout == "[]\n"


def test_scoring_loads_neither_torch_nor_onnx(bundle, run_python):
    code = f"""
import sys
import imdb_runtime
imdb_runtime.Classifier.load({str(bundle)!r}).predict(["good film"])
print(sorted({{"torch", "onnx", "captum"}} & set(sys.modules)))
"""
    assert run_python(code).stdout == "[]\n"


def test_the_public_names():
    assert imdb_runtime.__all__ == ["Classifier", "ImdbError", "Score", "__version__"]
    assert all(hasattr(imdb_runtime, name) for name in imdb_runtime.__all__)
    assert set(imdb_runtime.__all__) <= set(dir(imdb_runtime))
    assert not hasattr(imdb_runtime, "no_such_name")
