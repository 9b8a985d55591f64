"""The one thing of YAML that a YOLO dataset needs: ``names``, a list or a mapping of class names."""

from __future__ import annotations

import re
from pathlib import Path

from aln_desk.domain.errors import BadFile

_REMEDY = "Write 'names:' and below it one line a class, such as '  0: tumor'"
_ESCAPED = re.compile(r"\\(U[0-9a-fA-F]{8}|u[0-9a-fA-F]{4}|x[0-9a-fA-F]{2}|.)")
_LETTERS = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "a": "\a", "b": "\b", "e": "\x1b", "f": "\f", "v": "\v"}
_WORD = r"""'(?:[^']|'')*'|"(?:[^"\\]|\\.)*"|[^,'"\[\]{}#&*!|>%@`][^,\[\]{}]*?"""
_ITEM = re.compile(rf"\s*(?:(?P<key>'?\"?\d{{1,6}}\"?'?)\s*:(?=\s)\s*)?(?P<word>{_WORD})\s*(?:,|$)")
_LINE = re.compile(rf"\s*(?:-\s+|(?P<key>'?\"?\d{{1,6}}\"?'?)\s*:\s+)(?P<word>{_WORD})\s*(?:\s#.*)?$")


def quoted(word: str) -> str:
    """A name between double quotes, as every YAML reader takes it."""
    letters = (
        c if c.isprintable() and c not in '"\\' else f"\\{c}" if c in '"\\' else f"\\U{ord(c):08x}" for c in word
    )
    return f'"{"".join(letters)}"'


def names(text: str, file: Path) -> dict[int, str]:
    """Class names by number. Block and flow style of lists and mappings are understood, anchors and tags are not.

    Raises `BadFile` where ``names`` is missing or anything else.
    """
    lines = text.splitlines()
    start = next((place for place, line in enumerate(lines) if re.match(r"names\s*:(\s|$)", line)), None)
    if start is None:
        raise BadFile(file, "has no 'names'", _REMEDY)
    rest = re.sub(r"(^|\s)#.*$", "", lines[start].split(":", 1)[1]).strip()
    if rest:
        return _flow(" ".join([rest, *lines[start + 1 :]]), file)
    return _block(lines[start + 1 :], file)


def _block(lines: list[str], file: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    for line in lines:
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if not line.startswith((" ", "\t", "-")):
            break  # the next key of the file
        match = _LINE.fullmatch(line)
        if match is None:
            raise BadFile(file, f"'names' holds a line that is no name ({line.strip()[:40]!r})", _REMEDY)
        _keep(found, match, file)
    if not found:
        raise BadFile(file, "'names' is empty", _REMEDY)
    return found


def _flow(text: str, file: Path) -> dict[int, str]:
    closing = {"[": "]", "{": "}"}.get(text[0])
    found: dict[int, str] = {}
    place = 1
    while closing is not None and text[place:].lstrip()[:1] != closing:
        match = re.compile(_ITEM.pattern.replace("(?:,|$)", rf"(?:,|(?={re.escape(closing)}))")).match(text, place)
        if match is None:
            closing = None
            break
        _keep(found, match, file)
        place = match.end()
    if closing is None or not found:
        raise BadFile(file, "'names' is neither a list nor a mapping of names", _REMEDY)
    return found


def _keep(found: dict[int, str], match: re.Match[str], file: Path) -> None:
    key = int(match["key"].strip("'\"")) if match["key"] else len(found)
    if key in found:
        raise BadFile(file, f"'names' gives class {key} twice", _REMEDY)
    found[key] = _plain(match["word"])


def _plain(word: str) -> str:
    if word.startswith("'"):
        return word[1:-1].replace("''", "'")
    if word.startswith('"'):
        return _ESCAPED.sub(_unescaped, word[1:-1])
    return word.strip()


def _unescaped(match: re.Match[str]) -> str:
    code = match[1]
    if len(code) == 1:
        return _LETTERS.get(code, code)
    number = int(code[1:], 16)
    return chr(number) if number <= 0x10FFFF else "\ufffd"
