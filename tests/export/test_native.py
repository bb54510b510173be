"""Real exported CNNs on the native engine: what ONNX Runtime and PyTorch compute, in C."""

import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from imdb_export import checks, exporting
from imdb_export.batches import mixed_batches
from imdb_export.exporting import export_run
from imdb_export.native import native_scorer
from imdb_runtime import Classifier
from imdb_runtime.bundle import Bundle, write_bundle
from imdb_runtime.engines import create_engine, native
from imdb_runtime.errors import BundleError, DeviceError, ImdbError
from imdb_train.run import Run

TEXTS = [
    *["", "great", "The film is GREAT!", "a boring story . " * 30, "<br />good<br />bad", "¡é!"],
    *(f"{'good ' * number}bad film" for number in range(20)),
]
CNNS = [(("cnn", "last"), False), (("cnn", "ngrams"), False), (("cnn", "ngrams"), True)]


@pytest.fixture(params=CNNS, ids=["cnn", "ngrams", "ngrams-int8"])
def exported(request, make_run, tmp_path):
    """The run of a CNN and the bundle made of it, float or int8."""
    kind, int8 = request.param
    run = make_run(kind)
    export_run(run, tmp_path / "bundle", int8=int8, check_reviews=0)
    return run, tmp_path / "bundle"


def test_it_is_what_a_cnn_runs_on(exported):
    _, bundle = exported
    classifier = Classifier.load(bundle)
    assert (classifier.engine, classifier.device) == ("native", "cpu")
    assert Classifier.load(bundle, engine="onnx").engine == "onnx"


def test_it_gives_the_logits_of_onnx_runtime_and_pytorch(exported):
    run, folder = exported
    bundle = Bundle.read(folder)
    batches = mixed_batches(bundle.manifest.model["vocabulary_size"])
    in_c = checks.score_batches(native_scorer(create_engine(bundle, "native", "cpu", 1)), batches)
    onnx = create_engine(bundle, "onnx", "cpu", 1)
    in_onnx = checks.score_batches(onnx.logits, batches)
    np.testing.assert_allclose(in_c, in_onnx, atol=0.05)
    if bundle.manifest.quantization == "none":
        in_torch = checks.score_batches(checks.pytorch_scorer(Run.load(run).model), batches)
        np.testing.assert_allclose(in_c, in_torch, atol=0.05)
    assert np.ptp(in_c) > 1  # so that the tolerance means something


def test_texts_score_the_same_alone_together_and_on_threads(exported, monkeypatch):
    _, bundle = exported
    monkeypatch.setattr(native, "_LEAST_BYTES", 50)
    texts = TEXTS * 20
    expected = np.concatenate([Classifier.load(bundle).predict_proba([text]) for text in TEXTS])
    for threads in (1, 2, 5):
        found = Classifier.load(bundle, threads=threads).predict_proba(texts)
        np.testing.assert_array_equal(found, np.tile(expected, (20, 1)))


def test_sixteen_threads_share_a_classifier_that_has_threads_of_its_own(exported, monkeypatch):
    _, bundle = exported
    monkeypatch.setattr(native, "_LEAST_BYTES", 50)
    expected = Classifier.load(bundle, threads=1).predict_proba(TEXTS)
    classifier = Classifier.load(bundle, threads=3)
    with ThreadPoolExecutor(16) as pool:
        for found in pool.map(lambda _: classifier.predict_proba(TEXTS), range(200)):
            np.testing.assert_array_equal(found, expected)


def test_an_item_that_is_no_text_is_named(exported):
    _, bundle = exported
    with pytest.raises(TypeError, match="text 1 is int"):
        Classifier.load(bundle).predict(["good", 3])  # type: ignore[list-item]


def test_a_pickled_classifier_scores_the_same(exported):
    _, bundle = exported
    classifier = Classifier.load(bundle)
    copied = pickle.loads(pickle.dumps(classifier))
    np.testing.assert_array_equal(copied.predict_proba(TEXTS), classifier.predict_proba(TEXTS))


FORK = """
import os, sys
import numpy as np
from imdb_runtime import Classifier
from imdb_runtime.engines import native
native._LEAST_BYTES = 50
classifier = Classifier.load(sys.argv[1], threads=4)
texts = ["good film", "a boring story . " * 9] * 50
expected = classifier.predict_proba(texts)  # the pool has its threads now
if os.fork() == 0:
    os._exit(not np.array_equal(classifier.predict_proba(texts), expected))
print(os.waitstatus_to_exitcode(os.wait()[1]))
"""


def test_a_forked_process_has_threads_of_its_own(exported):
    _, bundle = exported
    command = [sys.executable, "-W", "ignore", "-c", FORK, bundle]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "0\n", done.stderr


LAZY = """
import sys
from imdb_runtime import Classifier
Classifier.load(sys.argv[1]).predict(["good film"])
print(sorted({"onnxruntime", "onnx", "torch", "concurrent.futures.thread"} & set(sys.modules)))
"""


def test_it_needs_no_onnxruntime(exported):
    _, bundle = exported
    command = [sys.executable, "-c", LAZY, bundle]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout == "[]\n", done.stderr


TWIN = """
import sys
import numpy as np
from imdb_runtime import Classifier
np.save(sys.argv[2], Classifier.load(sys.argv[1]).predict_proba(eval(sys.argv[3])))
"""


def test_the_twin_in_numpy_runs_in_its_place(exported, tmp_path, monkeypatch):
    _, bundle = exported
    monkeypatch.setenv("IMDB_PURE_PYTHON", "1")
    command = [sys.executable, "-c", TWIN, bundle, tmp_path / "twin.npy", repr(TEXTS)]
    subprocess.run(command, check=True, timeout=60)
    expected = Classifier.load(bundle).predict_proba(TEXTS)
    np.testing.assert_allclose(np.load(tmp_path / "twin.npy"), expected, atol=1e-6)


def changed(folder, **files):
    """The bundle in ``folder`` with other ``files`` (None: without), all hashes right."""
    bundle = Bundle.read(folder)
    fields = bundle.manifest.to_json()
    for name in ("files", "sha256", "format_version"):
        del fields[name]
    merged = {**bundle.files, **{name.replace("__", "."): files[name] for name in files}}
    kept = {name: content for name, content in merged.items() if content is not None}
    write_bundle(folder, fields, kept)


def test_a_bundle_without_ranges_is_scored_the_same(exported):
    _, folder = exported
    expected = Classifier.load(folder).predict_proba(TEXTS)
    changed(folder, ranges__f32=None)
    assert "ranges.f32" not in Bundle.read(folder).files
    np.testing.assert_allclose(Classifier.load(folder).predict_proba(TEXTS), expected, atol=1e-3)


@pytest.mark.parametrize("wrong", ["short", "not finite", "upside down"])
def test_ranges_that_are_none_are_refused(exported, wrong):
    _, folder = exported
    ranges = np.frombuffer(Bundle.read(folder).files["ranges.f32"], "<f4").reshape(2, -1).copy()
    content = {
        "short": ranges.tobytes()[:-4],
        "not finite": np.where(ranges == ranges[1, 3], np.nan, ranges).tobytes(),
        "upside down": ranges[::-1].tobytes(),
    }[wrong]
    changed(folder, ranges__f32=content)
    with pytest.raises(BundleError, match=r"ranges\.f32"):
        Classifier.load(folder)


def test_a_graph_that_is_not_what_the_manifest_says_is_refused(exported):
    _, folder = exported
    bundle = Bundle.read(folder)
    other = {**bundle.manifest.model, "filters": 6}
    with pytest.raises(BundleError, match=r"'convolutions\.0\.weight' is float32 \[5, 6, 3\]"):
        create_engine(
            replace(bundle, manifest=replace(bundle.manifest, model=other)), "native", "cpu", 1
        )


def test_it_runs_no_lstm_and_not_on_cuda(make_run, tmp_path):
    export_run(make_run(("lstm", "last")), tmp_path / "lstm", check_reviews=0)
    assert "ranges.f32" not in Bundle.read(tmp_path / "lstm").files
    assert Classifier.load(tmp_path / "lstm").engine == "onnx"
    with pytest.raises(BundleError, match="runs CNNs, not models of the architecture 'lstm'"):
        Classifier.load(tmp_path / "lstm", engine="native")
    with pytest.raises(DeviceError, match="CPU alone"):
        Classifier.load(tmp_path / "lstm", engine="native", device="cuda")


def test_an_engine_that_does_not_compute_the_model_leaves_no_bundle(
    make_run, tmp_path, monkeypatch
):
    honest = exporting.ranges_file

    def halved(graph, config):
        return (np.frombuffer(honest(graph, config), "<f4") / 2).tobytes()

    monkeypatch.setattr(exporting, "ranges_file", halved)
    with pytest.raises(ImdbError, match="native engine's probabilities differ"):
        export_run(make_run(("cnn", "last")), tmp_path / "bundle", check_reviews=0)
    assert not (tmp_path / "bundle").exists()
