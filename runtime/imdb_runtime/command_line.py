"""What the four commands share: how an error is shown, exit codes, signals, closed pipes."""

import functools
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

    Errors are one line on stderr. A closed pipe (``| head``) ends the program quietly.
    """
    _hide_closed_pipes_from_click(command)
    try:
        command.main(standalone_mode=False)
        sys.stdout.flush()
        sys.exit(0)
    except click.exceptions.Exit as stop:
        sys.exit(stop.exit_code)
    except click.UsageError as error:
        error.show()
        sys.exit(error.exit_code)
    except click.ClickException as error:
        _fail(error.format_message())
    except (KeyboardInterrupt, click.Abort):
        click.echo("interrupted", err=True)
        sys.exit(EXIT_INTERRUPTED)
    except (BrokenPipeError, _ClosedPipeError):
        # The reader has what it wanted. Python flushes stdout once more at exit: give it a sink.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
    except ImdbError as error:
        _fail(str(error))
    except MemoryError:
        _fail("not enough memory; give a smaller --batch-size or a shorter input")
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


class _ClosedPipeError(Exception):
    """A ``BrokenPipeError`` on its way through click, which would make exit 1 of it."""


def _hide_closed_pipes_from_click(command: click.Command) -> None:
    callback = command.callback
    assert callback is not None

    @functools.wraps(callback)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return callback(*arguments, **options)
        except BrokenPipeError as error:
            raise _ClosedPipeError from error

    command.callback = run


def _fail(message: str) -> NoReturn:
    click.echo(f"{click.style('error:', fg='red', bold=True, reset=True)} {message}", err=True)
    sys.exit(EXIT_FAILED)
