"""ONNX's published weaknesses: models whose values are to be read from other files, and links."""

import os
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto

from imdb_runtime import Classifier
from imdb_runtime.bundle import Bundle

Plant = Callable[..., Path]
Refusal = Callable[[Path], str]
ModelWith = Callable[..., onnx.ModelProto]


def test_the_honest_bundle_is_read_and_runs(plant: Plant):
    """Or no refusal below would mean anything."""
    classifier = Classifier.load(plant(), engine="onnx", device="cpu")
    assert list(classifier.predict(["good", "bad"])) == ["pos", "neg"]


def point_elsewhere(tensor: TensorProto, **entries: str) -> None:
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in entries.items():
        tensor.external_data.add(key=key, value=value)


@pytest.mark.parametrize(
    ("cve", "location"),
    [
        ("CVE-2022-25882", "../../../../etc/passwd"),
        ("CVE-2022-25882", "/etc/passwd"),
        ("CVE-2024-27318", "weights/../../secret"),
        ("CVE-2024-27318", ".../...//secret"),
        ("CVE-2025-51480", "../overwritten"),
        ("CVE-2026-34447", "link"),
        ("a file of the bundle", "vocab.txt"),
    ],
)
def test_values_in_another_file_are_refused(
    cve: str, location: str, plant: Plant, refusal: Refusal, model_with: ModelWith, tmp_path: Path
):
    (tmp_path / "secret").write_bytes(b"0123456789abcdef")
    model = model_with()
    point_elsewhere(model.graph.initializer[0], location=location)
    assert "values are in another file" in refusal(plant(model))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bundle", "secret"]


def test_so_are_values_said_to_be_here_that_name_another_file(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    """Readers differ in which of the two fields they look at."""
    model = model_with()
    model.graph.initializer[0].external_data.add(key="location", value="secret")
    assert "values are in another file" in refusal(plant(model))


def test_keys_of_external_data_are_never_looked_at(
    plant: Plant, refusal: Refusal, model_with: ModelWith
):
    """CVE-2026-34445: keys became attributes of an object; a huge length took all memory."""
    model = model_with()
    entries = {"location": "vocab.txt", "length": str(2**62), "__class__": "x"}
    point_elsewhere(model.graph.initializer[0], **entries)
    assert "values are in another file" in refusal(plant(model))


def test_a_file_that_is_a_symbolic_link_is_refused(plant: Plant, refusal: Refusal, tmp_path: Path):
    """CVE-2026-27489 and CVE-2026-34447: whatever it leads to, even the very bytes expected."""
    for name in ("model.onnx", "vocab.txt", "manifest.json"):
        folder = plant()
        (folder / name).rename(tmp_path / name)
        (folder / name).symlink_to(tmp_path / name)
        assert "not a regular file" in refusal(folder)
        (folder / name).unlink()


def test_a_folder_inside_that_is_a_link_is_refused(plant: Plant, refusal: Refusal, tmp_path: Path):
    """CVE-2026-27489: not the last part of a path is the link but one before."""
    folder = plant()
    (folder / "weights").symlink_to(tmp_path)
    assert "weights: not listed" in refusal(folder)


def test_a_hard_link_gives_away_nothing_of_what_it_leads_to(
    plant: Plant, refusal: Refusal, tmp_path: Path
):
    """CVE-2026-34446: what a hard link leads to must have the hash that the manifest states.

    A second name alone is no reason to refuse: installers link packages out of their caches.
    """
    (tmp_path / "secret").write_bytes(b"password")
    folder = plant()
    (folder / "vocab.txt").unlink()
    os.link(tmp_path / "secret", folder / "vocab.txt")
    assert "password" not in refusal(folder)
    (folder / "vocab.txt").unlink()
    folder = plant()
    os.link(folder / "vocab.txt", tmp_path / "second name")
    assert Bundle.read(folder).manifest.opset == 17


@pytest.mark.parametrize("name", ["../vocab.txt", "/etc/passwd", "a/b", "..", "", "a\\b", "a\0"])
def test_no_path_but_a_plain_name_can_be_listed(name: str, plant: Plant):
    """CVE-2024-5187: an archive's paths led out of the folder it was unpacked in."""
    with pytest.raises(Exception, match="not a plain file name"):
        plant(extra={name: b""})
