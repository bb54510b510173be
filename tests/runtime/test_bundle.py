import copy
import hashlib
import json
import os
from pathlib import Path
from typing import Any

import pytest

from imdb_runtime.bundle import Bundle, Manifest, reading, write_bundle
from imdb_runtime.errors import BundleError


def refusal(folder: Path) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.read(folder)
    message = str(caught.value)
    assert message.startswith(str(folder))
    assert "\n" not in message
    return message


def test_a_bundle_is_read_as_it_was_written(bundle: Path, bundle_files: dict[str, bytes]):
    read = Bundle.read(bundle)
    assert read.files == bundle_files
    assert read.manifest.threshold == 0.5
    for name, content in bundle_files.items():
        assert read.manifest.files[name].size == len(content)
        assert read.manifest.files[name].sha256 == hashlib.sha256(content).hexdigest()


def test_a_missing_folder_a_file_and_another_folder_are_no_bundles(tmp_path: Path):
    assert "No such file" in refusal(tmp_path / "absent")
    (tmp_path / "file").write_text("x")
    assert "Not a directory" in refusal(tmp_path / "file")
    (tmp_path / "folder").mkdir()
    assert "not a bundle" in refusal(tmp_path / "folder")


def test_no_flipped_byte_of_the_vocabulary_is_read(bundle: Path):
    path = bundle / "vocab.txt"
    content = path.read_bytes()
    for position in range(len(content)):
        for mask in (0x01, 0x20, 0x80):
            flipped = bytearray(content)
            flipped[position] ^= mask
            path.write_bytes(flipped)
            assert "SHA-256" in refusal(bundle)


def test_no_flipped_byte_of_the_manifest_is_read(bundle: Path):
    path = bundle / "manifest.json"
    content = path.read_bytes()
    for position in range(len(content)):
        flipped = bytearray(content)
        flipped[position] ^= 0x01
        path.write_bytes(flipped)
        # White space between fields may become other white space, which says the same.
        if flipped.split() != content.split():
            assert "manifest.json" in refusal(bundle)


def test_every_hundredth_flipped_byte_of_the_model_is_refused(bundle: Path):
    path = bundle / "model.onnx"
    content = path.read_bytes()
    for position in range(0, len(content), 100):
        flipped = bytearray(content)
        flipped[position] ^= 0x10
        path.write_bytes(flipped)
        assert "SHA-256" in refusal(bundle)


@pytest.mark.parametrize("name", ["vocab.txt", "model.onnx"])
def test_shorter_longer_and_missing_files_are_refused(bundle: Path, name: str):
    path = bundle / name
    content = path.read_bytes()
    path.write_bytes(content[:-1])
    assert f"{len(content) - 1} bytes" in refusal(bundle)
    path.write_bytes(content + b"\n")
    assert f"more than {len(content)} bytes" in refusal(bundle)
    path.unlink()
    assert "No such file" in refusal(bundle)


def test_a_file_that_is_not_listed_is_refused(bundle: Path):
    (bundle / "notes.txt").write_text("hello")
    assert "notes.txt: not listed" in refusal(bundle)


def test_links_folders_and_pipes_are_refused(bundle: Path, tmp_path: Path):
    path = bundle / "vocab.txt"
    elsewhere = tmp_path / "elsewhere.txt"
    path.rename(elsewhere)
    path.symlink_to(elsewhere)
    assert "not a regular file" in refusal(bundle)
    path.unlink()
    path.mkdir()
    assert "not a regular file" in refusal(bundle)
    path.rmdir()
    os.mkfifo(path)
    assert "not a regular file" in refusal(bundle)


def test_a_manifest_that_is_a_link_or_too_large_is_refused(bundle: Path, tmp_path: Path):
    path = bundle / "manifest.json"
    path.write_bytes(path.read_bytes() + b" " * reading.MAX_MANIFEST_BYTES)
    assert f"more than {reading.MAX_MANIFEST_BYTES} bytes" in refusal(bundle)
    path.rename(tmp_path / "manifest.json")
    path.symlink_to(tmp_path / "manifest.json")
    assert "not a regular file" in refusal(bundle)


def test_a_size_beyond_the_limit_is_refused_before_reading(
    bundle: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(reading, "MAX_FILE_BYTES", 10)
    assert "the largest allowed are 10" in refusal(bundle)


def test_the_folder_itself_may_be_a_link(bundle: Path, tmp_path: Path):
    (tmp_path / "latest").symlink_to(bundle)
    assert Bundle.read(tmp_path / "latest").manifest.opset == 17


def test_writing_replaces_a_bundle_and_leaves_nothing_else(
    bundle: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]
):
    written = write_bundle(bundle, {**manifest_fields, "threshold": 0.25}, bundle_files)
    assert written.threshold == 0.25
    assert Bundle.read(bundle).manifest == written
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]
    assert sorted(path.name for path in bundle.iterdir()) == [
        "manifest.json",
        "model.onnx",
        "vocab.txt",
    ]


def test_writing_makes_the_folders_above_and_takes_an_empty_one(
    tmp_path: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]
):
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path / "a" / "b", tmp_path / "empty"):
        write_bundle(folder, manifest_fields, bundle_files)
        assert isinstance(Bundle.read(folder).manifest, Manifest)


def test_writing_never_replaces_what_is_not_a_bundle(
    bundle: Path,
    tmp_path: Path,
    manifest_fields: dict[str, Any],
    bundle_files: dict[str, bytes],
):
    (tmp_path / "file").write_text("precious")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "manifest.json").write_text('{"name": "a web page"}')
    (bundle / "thesis.tex").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "folder")
    for folder in (tmp_path / "file", tmp_path / "folder", bundle, tmp_path / "link"):
        with pytest.raises(BundleError, match=str(folder)):
            write_bundle(folder, manifest_fields, bundle_files)
    assert (tmp_path / "file").read_text() == "precious"
    assert (bundle / "thesis.tex").read_text() == "precious"
    assert json.loads((tmp_path / "folder" / "manifest.json").read_text())


def test_a_refused_manifest_leaves_nothing_behind(
    tmp_path: Path, manifest_fields: dict[str, Any], bundle_files: dict[str, bytes]
):
    fields = copy.deepcopy(manifest_fields)
    fields["threshold"] = 2
    with pytest.raises(BundleError, match="threshold"):
        write_bundle(tmp_path / "new", fields, bundle_files)
    assert list(tmp_path.iterdir()) == []


def test_a_failing_write_keeps_the_bundle_that_was_there(
    bundle: Path,
    manifest_fields: dict[str, Any],
    bundle_files: dict[str, bytes],
    monkeypatch: pytest.MonkeyPatch,
):
    before = Bundle.read(bundle)
    real_rename = Path.rename

    def rename(self: Path, target: Path) -> Path:
        if self.name.endswith(".part"):
            raise OSError("no space left")
        return real_rename(self, target)

    monkeypatch.setattr(Path, "rename", rename)
    with pytest.raises(OSError, match="no space left"):
        write_bundle(bundle, {**manifest_fields, "threshold": 0.25}, bundle_files)
    assert Bundle.read(bundle) == before
    assert sorted(path.name for path in bundle.parent.iterdir()) == ["bundle"]
