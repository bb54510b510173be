"""Writing a bundle: the whole folder or nothing."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import imdb_runtime
from imdb_runtime.bundle.graph import check_graph
from imdb_runtime.bundle.manifest import FORMAT_VERSION, MANIFEST_FILE, MODEL_FILE, Manifest
from imdb_runtime.bundle.reading import MAX_MANIFEST_BYTES
from imdb_runtime.errors import BundleError
from imdb_runtime.files import sha256, write_atomically


def write_bundle(
    folder: str | Path, manifest_fields: Mapping[str, Any], files: Mapping[str, bytes]
) -> Manifest:
    """Write the bundle ``folder`` with ``files`` (name to contents) and return its manifest.

    ``manifest_fields`` are the fields of ``Manifest`` as JSON holds them, without ``files``, which
    is computed; ``created_with`` defaults to this release. The folder is written under another
    name beside ``folder`` and renamed; a bundle that is there already is replaced.

    Raises
    ------
    BundleError
        Where a field or the graph is refused, or ``folder`` exists and is not a bundle.
    """
    # Slow to import, and scoring, which reads bundles alone, has no need of them.
    import secrets
    import shutil

    folder = Path(folder)
    manifest = Manifest.from_json(
        {
            "created_with": f"imdb-edge {imdb_runtime.__version__}",
            **manifest_fields,
            "format_version": FORMAT_VERSION,
            "files": {
                name: {"size": len(content), "sha256": sha256(content)}
                for name, content in files.items()
            },
        },
        str(folder / MANIFEST_FILE),
    )
    check_graph(files[MODEL_FILE], manifest, str(folder / MODEL_FILE))
    _refuse_other_than_bundle(folder)
    folder.parent.mkdir(parents=True, exist_ok=True)
    token = secrets.token_hex(4)
    temporary = folder.with_name(f".{folder.name}.{token}.part")
    replaced = folder.with_name(f".{folder.name}.{token}.old")
    temporary.mkdir()
    try:
        for name, content in {**files, MANIFEST_FILE: manifest.to_bytes()}.items():
            with write_atomically(temporary / name) as file:
                file.write(content)
        if folder.exists():
            folder.rename(replaced)
        try:
            temporary.rename(folder)
        except OSError:
            if replaced.exists():
                replaced.rename(folder)
            raise
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
        shutil.rmtree(replaced, ignore_errors=True)
    return manifest


def _refuse_other_than_bundle(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise BundleError(f"{folder}: exists and is not a folder; choose another name")
    if not folder.exists():
        return
    entries = {entry.name for entry in folder.iterdir()}
    if not entries:
        return
    where = folder / MANIFEST_FILE
    try:
        with where.open("rb") as file:
            listed = Manifest.parse(file.read(MAX_MANIFEST_BYTES), str(where)).files
    except (OSError, BundleError) as error:
        raise BundleError(
            f"{folder}: exists and is not a bundle; remove it or choose another name"
        ) from error
    other = entries - {MANIFEST_FILE, *listed}
    if other:
        raise BundleError(
            f"{folder / min(other)}: not a file of the bundle that is to be replaced; move it away"
        )
