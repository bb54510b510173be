"""The bundle: the folder that export writes and the runtime loads."""

from imdb_runtime.bundle.manifest import (
    FORMAT_VERSION,
    INPUTS,
    MANIFEST_FILE,
    MODEL_FILE,
    OUTPUT,
    VOCABULARY_FILE,
    FileRecord,
    Manifest,
    TokenizerSettings,
)
from imdb_runtime.bundle.reading import Bundle
from imdb_runtime.bundle.writing import write_bundle

__all__ = [
    "FORMAT_VERSION",
    "INPUTS",
    "MANIFEST_FILE",
    "MODEL_FILE",
    "OUTPUT",
    "VOCABULARY_FILE",
    "Bundle",
    "FileRecord",
    "Manifest",
    "TokenizerSettings",
    "write_bundle",
]
