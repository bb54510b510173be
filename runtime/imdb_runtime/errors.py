"""The errors this project raises for the person who sees them.

A message is one line: what was wrong, where (file, line, field), what to do. The command line
prints it without a traceback (``command_line.py``); a program catches ``ImdbError``.
"""


class ImdbError(Exception):
    """Base of every error that is the input's, the file's or the machine's, not the program's."""


class InputError(ImdbError):
    """A text, table, corpus or vector file cannot be read as what it should be."""


class BundleError(ImdbError):
    """A bundle or run folder is missing, damaged, or not what its manifest says."""


class DeviceError(ImdbError):
    """The device or engine asked for is not to be had on this machine."""


class DependencyError(ImdbError):
    """An optional package is needed and not installed; the message names the extra."""
