"""The elements of JSON arrays of any size, as they stand in the text, at constant memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

_OUTSIDE: Final = re.compile(rb'["{}\[\],\n]')
_INSIDE: Final = re.compile(rb'["\\\n]')

Element = tuple[int, bytes]
"""The number of the line on which an element begins, from 1, and its text."""


def elements(pieces: Iterator[bytes], longest: int) -> Iterator[Element]:
    """What stands between the brackets and commas of the arrays in a text, whatever it is.

    Nothing is parsed but strings and brackets, so an element may be no JSON. Of one longer than `longest`
    the first `longest + 1` bytes are given. Whatever `pieces` raises comes after the element it broke off.
    """
    splitter = _Splitter(longest)
    try:
        for piece in pieces:
            yield from splitter.feed(piece)
    except Exception:
        yield from splitter.end()
        raise
    yield from splitter.end()


class _Splitter:
    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._line = 1
        self._depth = 0
        self._in_string = False
        self._escaped = False
        self._begun = b""
        self._begun_line = 1

    def feed(self, piece: bytes) -> Iterator[Element]:
        """Take the next piece of the text, and give the elements that it ends."""
        at = start = 0
        if self._escaped and piece:
            self._escaped = False
            at = 1
        while found := (_INSIDE if self._in_string else _OUTSIDE).search(piece, at):
            byte, at = found[0], found.end()
            if byte == b"\n":
                self._line += 1
            elif byte == b'"':
                self._in_string = not self._in_string
            elif byte == b"\\":
                self._escaped = at == len(piece)
                at += 1
            elif byte in b"{[":
                self._depth += 1
                if self._depth == 1 and byte == b"[":
                    yield from self._element(piece[start : at - 1])
                    start = at
            elif byte in b"}]":
                self._depth = max(0, self._depth - 1)
                if self._depth == 0 and byte == b"]":
                    yield from self._element(piece[start : at - 1])
                    start = at
            elif self._depth == 1:
                yield from self._element(piece[start : at - 1])
                start = at
        self._keep(piece[start:])

    def end(self) -> Iterator[Element]:
        """What the text ended in the middle of."""
        return self._element(b"")

    def _keep(self, content: bytes) -> None:
        if not self._begun:
            # An element begins where its first byte is, not where the comma before it was.
            content = content.lstrip()
            self._begun_line = self._line - content.count(b"\n")
        if len(self._begun) <= self._longest:
            self._begun += content[: self._longest + 1]

    def _element(self, content: bytes) -> Iterator[Element]:
        self._keep(content)
        text, self._begun = self._begun.strip(), b""
        if text:
            yield self._begun_line, text
