"""What an unfinished training leaves in its run folder, so that it can be resumed."""

import json
import shutil
from pathlib import Path
from typing import Any

from imdb_runtime.errors import BundleError, InputError
from imdb_train.run import CONFIG, write_json

CHECKPOINTS = "checkpoints"
_LAST, _SETTINGS = "last.ckpt", "settings.json"


def last_checkpoint(folder: Path) -> Path:
    """Where the last whole epoch of an unfinished training in ``folder`` is, if there is one."""
    return folder / CHECKPOINTS / _LAST


def refuse_taken_folder(folder: Path) -> None:
    """Raise ``BundleError`` where ``folder`` holds a run, finished or not."""
    if (folder / CONFIG).exists():
        raise BundleError(f"{folder}: holds a run already; give another --out or delete it")
    if last_checkpoint(folder).exists():
        raise BundleError(
            f"{folder}: holds an interrupted training; go on with --resume, give another --out, "
            "or delete it"
        )


def refuse_other_settings(folder: Path, settings: dict[str, Any]) -> None:
    """Check that the unfinished training in ``folder`` has these settings.

    Raises
    ------
    BundleError
        Where there is no unfinished training.
    InputError
        Where a setting is another; names the first.
    """
    if not last_checkpoint(folder).exists():
        raise BundleError(
            f"{folder}: nothing to resume: no {CHECKPOINTS}/{_LAST}; "
            "train without --resume, or give the --out of the interrupted training"
        )
    path = folder / CHECKPOINTS / _SETTINGS
    try:
        before = _flat(json.loads(path.read_bytes()))
    except (OSError, ValueError, AttributeError) as error:
        raise BundleError(f"{path}: cannot read it: {error}; train anew") from error
    for name, value in _flat(settings).items():
        if before.get(name) != value:
            raise InputError(
                f"{folder}: cannot resume with another {name}: it was "
                f"{json.dumps(before.get(name))}, now {json.dumps(value)}"
            )


def begin(folder: Path, settings: dict[str, Any]) -> None:
    """Make the checkpoints' folder and note the settings."""
    shutil.rmtree(folder / CHECKPOINTS, ignore_errors=True)
    (folder / CHECKPOINTS).mkdir(parents=True)
    write_json(folder / CHECKPOINTS / _SETTINGS, settings)


def remove(folder: Path) -> None:
    """Delete the checkpoints of a training that is finished."""
    shutil.rmtree(folder / CHECKPOINTS)


def _flat(settings: dict[str, Any]) -> dict[str, Any]:
    """Settings with those of the recipe and the data as ``recipe lr`` and so on."""
    flat: dict[str, Any] = {}
    for name, value in settings.items():
        if isinstance(value, dict):
            flat |= {f"{name} {inner}": deeper for inner, deeper in value.items()}
        else:
            flat[name] = value
    return flat
