"""The entry point of ``imdb-score``: Ctrl-C is answered from the first moment on.

Until the command runs there is nothing to clean up, and an interrupted import would be a traceback.
"""

import os
import signal
from types import FrameType
from typing import NoReturn


def score() -> NoReturn:
    """The entry point ``imdb-score``."""
    # A shell's background job has it ignored, and that is to stay.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _leave)
    from imdb_runtime.scoring.cli import main

    main()


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    os._exit(128 + number)
