import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

COMMAND = [sys.executable, "-c", "from imdb_runtime.scoring.cli import main; main()"]


@pytest.fixture
def command() -> list[str]:
    """What starts ``imdb-score``."""
    return COMMAND


@pytest.fixture
def score(bundle: Path) -> Callable[..., subprocess.CompletedProcess[bytes]]:
    """Run ``imdb-score`` on the small bundle; ``input`` is its standard input."""

    def run(*arguments: object, input: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, "--model", str(bundle), *map(str, arguments)],
            input=input,
            capture_output=True,
            timeout=60,
            cwd=bundle.parent,
        )

    return run
