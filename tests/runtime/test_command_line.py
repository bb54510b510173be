"""How a command leaves the process: on a small group, and on a command alone."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import sys
import click
from imdb_runtime.command_line import run_command
from imdb_runtime.errors import InputError

@click.group()
def group():
    pass

@group.command()
def much():
    for number in range(100_000):
        click.echo(number)

@group.command()
def little():
    print("one line")  # still in Python's buffer when the command returns

@group.command()
@click.argument("code", type=int)
@click.pass_context
def leave(context, code):
    click.echo("leaving")
    context.exit(code)

@group.command()
def fail():
    raise InputError("a.csv, line 3: broken")

@group.command()
def interrupted():
    raise KeyboardInterrupt

run_command(group if NAME == "group" else group.commands[NAME])
"""


@pytest.fixture(params=["in a group", "alone"])
def started(request: pytest.FixtureRequest) -> list[str]:
    """What is to be followed by the name of one of the commands above."""
    name = "'group'" if request.param == "in a group" else "sys.argv.pop(1)"
    return [sys.executable, "-c", f"import sys; NAME = {name}\n{PROGRAM}"]


def run(*command: str) -> tuple[int, str, str]:
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    return done.returncode, done.stdout, done.stderr


def test_a_command_that_is_done_exits_0(started: list[str]):
    assert run(*started, "little") == (0, "one line\n", "")


@pytest.mark.parametrize("code", [0, 3])
def test_a_command_leaves_with_the_code_it_chose(started: list[str], code: int):
    assert run(*started, "leave", str(code)) == (code, "leaving\n", "")


def test_an_error_is_one_line_and_exit_1(started: list[str]):
    assert run(*started, "fail") == (1, "", "error: a.csv, line 3: broken\n")


def test_wrong_usage_exits_2(started: list[str]):
    code, out, error = run(*started, "leave", "now")
    assert (code, out) == (2, "")
    assert "'now' is not a valid integer" in error


def test_an_interrupt_exits_130(started: list[str]):
    code, out, error = run(*started, "interrupted")
    assert (code, out, error.strip()) == (130, "", "interrupted")


@pytest.mark.parametrize(
    "arguments",
    [["much"], ["little"], ["much", "--help"]],
    ids=["while writing", "at exit", "help"],
)
def test_a_closed_pipe_ends_a_command_quietly(started: list[str], arguments: list[str]):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [*started, *arguments],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            env={**os.environ, "PYTHONUNBUFFERED": ""},
        )
    finally:
        os.close(writing)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(os.name == "nt", reason="a POSIX shell closes the stream")
def test_standard_output_may_be_closed_from_the_start(started: list[str], tmp_path: Path):
    program = tmp_path / "program.py"
    program.write_text(started[-1])
    done = subprocess.run(
        ["/bin/sh", "-c", '"$0" "$1" little >&-', sys.executable, str(program)],
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
