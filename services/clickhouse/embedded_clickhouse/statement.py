"""Where the parts of a statement are: the data after an INSERT, the FORMAT at the end of a query.

A statement is bytes and may be followed by rows in any encoding, so it is never decoded here. This decides
only
where to cut; what a statement does and whether it may is the engine's parser's to say (inspection.py).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

_TOKEN = re.compile(
    rb"""
      (?P<space>[\s\x00]+)
    | (?P<comment>--[^\n]*|\#[ !][^\n]*|/\*.*?(?:\*/|\Z))
    | (?P<string>'(?:[^'\\]|\\.|'')*(?:'|\Z))
    | (?P<quoted>"(?:[^"\\]|\\.|"")*(?:"|\Z)|`(?:[^`\\]|\\.|``)*(?:`|\Z))
    | (?P<heredoc>\$(?P<tag>\w*)\$.*?(?:\$(?P=tag)\$|\Z))
    | (?P<word>[A-Za-z_\x80-\xff][\w\x80-\xff$]*)
    | (?P<number>[0-9][\w.]*)
    | (?P<other>.)
    """,
    re.VERBOSE | re.DOTALL,
)


@dataclass(frozen=True)
class Token:
    kind: str
    text: bytes
    start: int
    end: int

    def is_word(self, *words: bytes) -> bool:
        return self.kind == "word" and self.text.upper() in words


def tokens(text: bytes, start: int = 0) -> Iterator[Token]:
    """The tokens of a statement without spaces and comments."""
    for match in _TOKEN.finditer(text, start):
        kind = match.lastgroup
        if kind == "tag":
            kind = "heredoc"
        if kind is not None and kind not in ("space", "comment"):
            yield Token(kind, match.group(), match.start(), match.end())


def first_word(text: bytes) -> bytes:
    """The first keyword in capitals, or nothing when the text does not start with a word."""
    token = next(tokens(text), None)
    return token.text.upper() if token and token.kind == "word" else b""


@dataclass(frozen=True)
class Insert:
    """An INSERT cut into its parts.

    head: everything before VALUES or FORMAT, settings included. format: the format of the rows, or "" when the
    statement names none. data: where the rows start. has_select: the rows come from a query, in which
    case `head`
    is the whole statement unless a FORMAT for input() follows it.
    """

    head: bytes
    format: str
    data: int
    has_select: bool = False


def cut_insert(text: bytes, complete: bool) -> Insert | None:
    """Cut an INSERT at its rows; None when that cannot be told yet because the text is not complete.

    Only the statement is read, not the rows after it, however many there are.
    """
    depth = 0
    select = False
    stream = tokens(text)
    before = next(stream, None)
    for token in stream:
        if token.kind == "other":
            depth += (token.text in b"([{") - (token.text in b")]}")
        named = before is not None and (before.text == b"." or before.is_word(b"INTO", b"TABLE", b"FUNCTION"))
        if depth == 0 and not named and (complete or token.end < len(text)):
            if token.is_word(b"SELECT", b"WITH", b"FROM", b"WATCH"):
                select = True
            elif token.is_word(b"VALUES") and not select:
                return Insert(text[: token.start], "Values", token.end)
            elif token.is_word(b"FORMAT"):
                name = next(stream, None)
                if name is None or (name.end == len(text) and not complete):
                    break
                if name.kind == "word":
                    return _cut_at_format(text, token, name, select)
        before = token
    return Insert(text, "", len(text), select) if complete else None


def _cut_at_format(text: bytes, token: Token, name: Token, select: bool) -> Insert:
    settings, data = _settings_after(text, name.end)
    head = text[: token.start] + settings
    while text[data : data + 1] in (b" ", b"\t", b"\f", b"\v"):
        data += 1
    if text[data : data + 1] == b";":
        data += 1
    if text[data : data + 1] == b"\r":
        data += 1
    if text[data : data + 1] == b"\n":
        data += 1
    return Insert(head, name.text.decode(), data, select)


def _settings_after(text: bytes, start: int) -> tuple[bytes, int]:
    """The SETTINGS clause that may stand between the format's name and the rows, and where the rows start."""
    stream = tokens(text, start)
    first = next(stream, None)
    if first is None or not first.is_word(b"SETTINGS") or b"\n" in text[start : first.start]:
        return b"", start
    end = first.start
    while True:
        name, equals, value = next(stream, None), next(stream, None), next(stream, None)
        if name is None or equals is None or value is None or equals.text != b"=":
            return text[first.start : end], end
        end = value.end
        if value.text == b"-" and (number := next(stream, None)):
            end = number.end
        comma = next(stream, None)
        if comma is None or comma.text != b",":
            return text[first.start : end], end


@dataclass(frozen=True)
class InputCall:
    """The table function input('structure') in an INSERT: where it is, and its argument as it is written."""

    start: int
    end: int
    structure: bytes


def find_input(text: bytes) -> InputCall | None:
    """Find input() with its structure."""
    stream = list(tokens(text))
    for name, opening, argument, closing in zip(stream, stream[1:], stream[2:], stream[3:], strict=False):
        if name.is_word(b"INPUT") and opening.text == b"(" and argument.kind == "string" and closing.text == b")":
            return InputCall(name.start, closing.end, argument.text)
    return None


@dataclass(frozen=True)
class Query:
    """A query without the FORMAT at its end. format: its name, or "" when the query names none.
    before and after: the text around it; a clause of our own goes between."""

    before: bytes
    after: bytes
    format: str


def cut_format(text: bytes) -> Query:
    """Find the FORMAT that ends a query, perhaps with SETTINGS after it."""
    stream = list(tokens(text))
    while stream and stream[-1].text == b";":
        text = text[: stream.pop().start]
    depth = 0
    for index in range(len(stream) - 1, -1, -1):
        token = stream[index]
        if token.kind == "other" and token.text in (b")", b"]", b"}"):
            depth += 1
        elif token.kind == "other" and token.text in (b"(", b"[", b"{"):
            depth -= 1
        if depth or not token.is_word(b"FORMAT") or index + 1 >= len(stream):
            continue
        name = stream[index + 1]
        rest = stream[index + 2] if index + 2 < len(stream) else None
        if name.kind == "word" and (rest is None or rest.is_word(b"SETTINGS")):
            after = text[name.end :]
            return Query(text[: token.start], after if rest else b"", name.text.decode())
        break
    return Query(text, b"", "")


def without_hints(text: bytes) -> bytes:
    """Disarm comments like `-- { serverError 60 }`: the engine's command-line half would act on them."""
    if b"{" not in text or not (b"--" in text or b"#" in text or b"/*" in text):
        return text
    parts = []
    for match in _TOKEN.finditer(text):
        part = match.group()
        parts.append(part.replace(b"{", b"(") if match.lastgroup == "comment" else part)
    return b"".join(parts)
