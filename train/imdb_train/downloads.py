"""Public data sets and vectors: found where they are, else downloaded once and checked."""

import os
from collections.abc import Sequence
from pathlib import Path

from imdb_runtime.command_line import needs_extra
from imdb_runtime.errors import InputError

with needs_extra("train"):
    import platformdirs
    import pooch
    import requests
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

RETRIES = 2
_CHUNK_BYTES = 2**18


def cache_folder() -> Path:
    """Where downloads are kept: IMDB_CACHE_DIR, else the user's cache folder of the platform."""
    named = os.environ.get("IMDB_CACHE_DIR")
    return Path(named) if named else platformdirs.user_cache_path("imdb-edge")


def is_offline(offline: bool) -> bool:
    """Whether the network must be left alone: asked for, or IMDB_OFFLINE set to other than 0."""
    return offline or os.environ.get("IMDB_OFFLINE", "0") not in ("", "0")


def fetch(name: str, url: str, md5: str, *, offline: bool, also: Sequence[str] = ()) -> Path:
    """The path of a file or of what stands for it, downloaded if it is nowhere yet.

    IMDB_DATA_DIR is searched first, then the cache, in each for the names in ``also`` (files or
    folders that hold the same data or the part of it that is wanted) and then for ``name``. Only
    ``name`` in the cache is checked by its MD5: what a person put elsewhere may be repacked.

    Parameters
    ----------
    name
        The file's name in the cache.
    url, md5
        Where it is downloaded from, and what it must hash to.
    offline
        Never touch the network; IMDB_OFFLINE=1 does the same.
    also
        Other names that serve as well, best first.

    Raises
    ------
    InputError
        Where it is nowhere and cannot be downloaded, or the bytes are not the ones expected.
    """
    cached = cache_folder() / name
    local = [folder / other for folder in _data_folders() for other in (*also, name)]
    local += [cached.parent / other for other in also]
    for candidate in local:
        if candidate.exists():
            return candidate
    if is_offline(offline):
        if cached.exists():
            return _checked(cached, md5)
        raise InputError(
            f"{name} is wanted and the network is not to be used; looked for "
            f"{', '.join(str(path) for path in (*local, cached))}; {_by_hand(name, url)}"
        )
    return _download(cached, url, md5)


def _data_folders() -> list[Path]:
    named = os.environ.get("IMDB_DATA_DIR")
    if not named:
        return []
    if not Path(named).is_dir():
        raise InputError(f"IMDB_DATA_DIR is {named!r}, which is no folder; correct or unset it")
    return [Path(named)]


def _checked(path: Path, md5: str) -> Path:
    found = pooch.file_hash(str(path), alg="md5")
    if found != md5:
        raise InputError(f"{path}: MD5 is {found}, expected {md5}; delete it and download it again")
    return path


def _download(cached: Path, url: str, md5: str) -> Path:
    with Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not Console(stderr=True).is_terminal,
    ) as progress:
        store = pooch.create(
            path=cached.parent,
            base_url="",
            registry={cached.name: f"md5:{md5}"},
            urls={cached.name: url},
            retry_if_failed=RETRIES,
        )
        downloader = pooch.HTTPDownloader(
            progressbar=_DownloadBar(progress, cached.name), chunk_size=_CHUNK_BYTES
        )
        try:
            return Path(store.fetch(cached.name, downloader=downloader))
        except (ValueError, requests.exceptions.RequestException, OSError) as error:
            reason = " ".join(str(error).split())
            raise InputError(
                f"cannot download {url} ({reason}); {_by_hand(cached.name, url)}"
            ) from error


def _by_hand(name: str, url: str) -> str:
    return f"to do it by hand, put {url} at {cache_folder() / name} or into IMDB_DATA_DIR"


class _DownloadBar:
    """The progress bar that pooch asks for, drawn by rich."""

    total: int

    def __init__(self, progress: Progress, description: str):
        self._progress = progress
        self._task = progress.add_task(description, total=None)

    def update(self, count: int) -> None:
        self._progress.update(self._task, advance=count, total=self.total or None)

    def reset(self) -> None:
        self._progress.reset(self._task)

    def close(self) -> None:
        self._progress.stop_task(self._task)
