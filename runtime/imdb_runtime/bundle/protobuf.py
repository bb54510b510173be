"""Protobuf messages, read strictly: what two readers could read differently is refused.

Protobuf lets a field be unknown, occur again (the last one counts, or the two are merged) or have
another wire type. Here a message has the fields its schema names, each of its type and, unless it
is repeated, at most once, so that whoever reads the same bytes later finds the same in them.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

_VARINT, _BYTES = 0, 2
_MOST = 2**63 - 1

Kind = Literal["integer", "bytes", "text"]


@dataclass(frozen=True)
class Schema:
    """The fields of a message by number: name, kind, and whether they are repeated.

    ``refused`` says of others what they would mean, for the error.
    """

    name: str
    fields: Mapping[int, tuple[str, Kind, bool]]
    refused: Mapping[int, str] = field(default_factory=dict)


def read_message(content: memoryview, schema: Schema) -> dict[str, Any]:
    """The fields of a message by name; those that are repeated are lists, there or not.

    Integers are from 0 to 2^63 - 1, bytes share the memory of ``content``.

    Raises
    ------
    ValueError
        Where ``content`` is no such message.
    """
    found: dict[str, Any] = {name: [] for name, _, many in schema.fields.values() if many}
    for number, value in _fields(content):
        if number not in schema.fields:
            meaning = schema.refused.get(number, "which imdb-export does not write")
            raise ValueError(f"it has the field {number} of {schema.name}, {meaning}")
        name, kind, many = schema.fields[number]
        if many and kind == "integer" and not isinstance(value, int):
            found[name] += _packed(value)
        elif isinstance(value, int) != (kind == "integer"):
            raise ValueError(f"its field {name} of {schema.name} is of another wire type")
        elif many:
            found[name].append(_read(value, kind))
        elif name in found:
            raise ValueError(f"it has the field {name} of {schema.name} twice")
        else:
            found[name] = _read(value, kind)
    return found


def _read(value: int | memoryview, kind: Kind) -> Any:
    return str(value, "utf-8") if kind == "text" and not isinstance(value, int) else value


def _fields(message: memoryview) -> Iterator[tuple[int, int | memoryview]]:
    place = 0
    while place < len(message):
        key, place = _varint(message, place)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            integer, place = _varint(message, place)
            yield number, integer
            continue
        if kind != _BYTES:
            raise ValueError(f"it has a field of the wire type {kind}")
        size, place = _varint(message, place)
        if size > len(message) - place:
            raise ValueError("a field is longer than its message")
        yield number, message[place : place + size]
        place += size


def _packed(values: memoryview) -> Iterator[int]:
    place = 0
    while place < len(values):
        value, place = _varint(values, place)
        yield value


def _varint(message: memoryview, place: int) -> tuple[int, int]:
    """The integer of 1 to 10 bytes at ``place`` and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place == len(message):
            raise ValueError("an integer has no end")
        byte = message[place]
        place += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            break
    else:
        raise ValueError("an integer has no end")
    if value > _MOST:
        raise ValueError("an integer is negative or too large")
    return value, place
