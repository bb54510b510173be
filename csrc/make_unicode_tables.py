"""Write the character tables that the C core and its Python twin share.

Run by hand, with the Python whose Unicode version is wanted; the two files are committed, so every
Python and every machine splits text alike.

    python csrc/make_unicode_tables.py
"""

import unicodedata
from itertools import groupby
from pathlib import Path

HERE = Path(__file__).parent
C_HEADER = HERE / "unicode_tables.h"
PYTHON_MODULE = HERE.parent / "runtime/imdb_runtime/tokenizer/unicode_tables.py"

SEPARATOR, WORD, MARK = 0, 1, 2
CODE_POINTS = 0x110000
PAGE = 256

REPLACEMENT = 0xFFFD  # stands for bytes that are no UTF-8: separates words, as those bytes do
VARIATION_SELECTORS = range(0xFE00, 0xFE10)  # choose how the emoji before them is drawn

# Typewriter forms, under which vocabularies and GloVe hold these characters.
FOLDED = {0x2013: "-", 0x2014: "-", 0x2018: "'", 0x2019: "'", 0x201C: '"', 0x201D: '"'}


def kind(code: int) -> int:
    """Whether the character separates words, is part of one, or is a token by itself."""
    if code == REPLACEMENT or code in VARIATION_SELECTORS:
        return SEPARATOR
    category = unicodedata.category(chr(code))[0]
    return {"L": WORD, "M": WORD, "N": WORD, "P": MARK, "S": MARK}.get(category, SEPARATOR)


def is_space(code: int) -> bool:
    """Whether ``str.split`` would split here."""
    return chr(code).isspace() or code == REPLACEMENT


def lower(code: int) -> int:
    """Unicode's simple lower case: one character for one character."""
    return ord(chr(code).lower()[0])


def ranges(codes: list[int]) -> list[tuple[int, int]]:
    """Sorted codes as inclusive (first, last) pairs."""
    runs = groupby(enumerate(codes), key=lambda pair: pair[1] - pair[0])
    found = []
    for _, run in runs:
        members = [code for _, code in run]
        found.append((members[0], members[-1]))
    return found


def write_python() -> None:
    """The tables as the twin reads them: ranges of characters and a lower-case mapping."""
    lines = [
        '"""Character classes and lower case. Written by csrc/make_unicode_tables.py."""',
        "",
        f'UNICODE_VERSION = "{unicodedata.unidata_version}"',
        "",
    ]
    members = {
        "WORD_RANGES": [code for code in range(CODE_POINTS) if kind(code) == WORD],
        "MARK_RANGES": [code for code in range(CODE_POINTS) if kind(code) == MARK],
        "SPACE_RANGES": [code for code in range(CODE_POINTS) if is_space(code)],
    }
    for name, codes in members.items():
        lines.append(f"{name} = (")
        lines += [f"    (0x{first:X}, 0x{last:X})," for first, last in ranges(codes)]
        lines += [")", ""]
    lines.append("LOWER = {")
    lines += [
        f"    0x{code:X}: 0x{lower(code):X}," for code in range(CODE_POINTS) if lower(code) != code
    ]
    lines += ["}", "", "FOLDED = {"]
    lines += [f"    0x{code:X}: 0x{ord(to):X}," for code, to in FOLDED.items()]
    lines += ["}", ""]
    PYTHON_MODULE.write_text("\n".join(lines))


def write_c() -> None:
    """The tables as C reads them: code point → page → record of kind, space, fold, lower."""
    records: dict[tuple[int, int, int, int], int] = {}
    pages: dict[tuple[int, ...], int] = {}
    page_of = []
    for start in range(0, CODE_POINTS, PAGE):
        page = tuple(
            records.setdefault(
                (kind(code), is_space(code), ord(FOLDED.get(code, "\0")), lower(code) - code),
                len(records),
            )
            for code in range(start, start + PAGE)
        )
        page_of.append(pages.setdefault(page, len(pages)))
    if len(records) > 256 or len(pages) > 256:
        raise ValueError("the tables have outgrown one byte an index")

    def numbers(values: list[int] | tuple[int, ...]) -> str:
        rows = [values[i : i + 24] for i in range(0, len(values), 24)]
        return ",\n    ".join(",".join(map(str, row)) for row in rows)

    lines = [
        f"/* Unicode {unicodedata.unidata_version}. Written by make_unicode_tables.py. */",
        "#ifndef IMDB_UNICODE_TABLES_H",
        "#define IMDB_UNICODE_TABLES_H",
        "#include <stdint.h>",
        "enum { IMDB_SEPARATOR, IMDB_WORD, IMDB_MARK };",
        "/* `fold` is the typewriter form, or 0; `lower` is added to the code point. */",
        "typedef struct { uint8_t kind, space, fold; int32_t lower; } imdb_character;",
        f"static const imdb_character imdb_records[{len(records)}] = {{",
        *(f"    {{{k}, {int(s)}, {f}, {d}}}," for k, s, f, d in records),
        "};",
        f"static const uint8_t imdb_pages[{len(page_of)}] = {{\n    {numbers(page_of)}}};",
        f"static const uint8_t imdb_page_records[{len(pages)}][{PAGE}] = {{",
        *(f"    {{{numbers(page)}}}," for page in pages),
        "};",
        "#endif",
        "",
    ]
    C_HEADER.write_text("\n".join(lines))


if __name__ == "__main__":
    write_python()
    write_c()
