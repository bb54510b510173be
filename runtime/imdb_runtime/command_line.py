"""What the four commands share: how an error is shown, exit codes, signals, closed pipes."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click

from imdb_runtime.errors import DependencyError, ImdbError

EXIT_FAILED = 1
EXIT_INTERRUPTED = 128 + signal.SIGINT


def run_command(command: click.Command) -> NoReturn:
    """Run ``command`` and leave the process: 0 done, 1 it could not, 2 wrong usage, 130 Ctrl-C.

    Errors are one line on stderr. A closed pipe (``| head``) ends the program quietly. ``command``
    may be a group; it or its subcommand gives nothing back, or leaves with ``context.exit(code)``.
    """
    _hide_from_click(command)
    try:
        _interrupt_by(signal.default_int_handler)
        code = command.main(standalone_mode=False)  # that of context.exit, else None
        if sys.stdout is not None:
            sys.stdout.flush()
        # All is done: what is left is the interpreter's end, which cannot be interrupted quietly.
        _interrupt_by(signal.SIG_IGN)
        sys.exit(code or 0)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort, _InterruptedError):
        _interrupt_by(signal.SIG_IGN)
        tell("interrupted")
        sys.exit(EXIT_INTERRUPTED)
    except (BrokenPipeError, _ClosedPipeError):
        # The reader has what it wanted. Python flushes stdout once more at exit: give it a sink.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except ImdbError as error:
        _fail(str(error))
    except MemoryError:
        _fail("not enough memory; give shorter texts, smaller batches or fewer threads")
    except OSError as error:
        where = f" '{error.filename}'" if error.filename else ""
        _fail(f"{error.strerror or error}{where}")


@contextmanager
def needs_extra(extra: str) -> Iterator[None]:
    """Turn a missing package inside the block into an error that names the extra to install.

    Raises
    ------
    DependencyError
        Where an import in the block fails.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        raise DependencyError(
            f"{error.name} is not installed; run: pip install 'imdb-edge[{extra}]'"
        ) from error


def _interrupt_by(handler: Any) -> None:
    """What Ctrl-C does from now on, unless the process was started to ignore it."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, handler)


class _ClosedPipeError(Exception):
    """A ``BrokenPipeError`` on its way through click, which would make exit 1 of it."""


class _InterruptedError(BaseException):
    """A ``KeyboardInterrupt`` on its way through click, which would print an empty line."""


def _hide_from_click(command: click.Command) -> None:
    # The two calls that click's main makes: the first prints --help, the second runs the callback
    # and, in a group, all that its subcommand does.
    for step in ("make_context", "invoke"):
        setattr(command, step, _hidden_from_click()(getattr(command, step)))


@contextmanager
def _hidden_from_click() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise _ClosedPipeError from error
    except KeyboardInterrupt as error:
        raise _InterruptedError from error


def tell(message: str) -> None:
    """Write a line to stderr, which may be closed or full: that is no reason to fail."""
    try:
        click.echo(message, err=True)
    except OSError:
        # Python would try again at its end, and take that for a failure.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def _fail(message: str) -> NoReturn:
    # A name can hold a line's end or what a terminal obeys.
    shown = "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in message
    )
    tell(f"{click.style('error:', fg='red', bold=True, reset=True)} {shown}")
    sys.exit(EXIT_FAILED)
