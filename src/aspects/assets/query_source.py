"""SQL that was changed in its rendered form, put back into the file that it was rendered from."""

from __future__ import annotations

from collections.abc import Callable
from difflib import SequenceMatcher

from jinja2 import TemplateError

MARKS = ("<<", "<%", "<#", "-- %")
"""What begins a template of ours."""


def put_back(written: str, render: Callable[[str], str], rendered: str, wanted: str) -> str:
    """The text of a query file that renders to `wanted`, with the lines of `written` where nothing changed.

    `rendered` is what `written` renders to, and `render` renders a part of it. A line that pulls in another file stays
    as long as all that it pulls in is wanted; else what is wanted stands in its place. A file with templates that go
    over several lines is replaced by the wanted text.
    """
    if _lines(rendered) == _lines(wanted):
        return written
    try:
        parts = [(line, _lines(render(line) if _is_template(line) else line)) for line in written.splitlines()]
    except TemplateError:  # a part of a template that goes over several lines
        return wanted.strip() + "\n"
    flat = [(number, text) for number, (_, texts) in enumerate(parts) for text in texts]
    if [text for _, text in flat] != _lines(rendered):
        return wanted.strip() + "\n"
    new = _lines(wanted)
    result: list[str] = []
    kept: dict[int, list[str]] = {}

    def close(number: int) -> None:
        """A template's line stands for all of its lines, or for none."""
        texts = kept.pop(number, None)
        if texts is not None:
            line, whole = parts[number]
            result.extend([line] if texts == whole else texts)

    matcher = SequenceMatcher(None, [text for _, text in flat], new, autojunk=False)
    open_part = -1
    for kind, a, b, c, d in matcher.get_opcodes():
        if kind == "equal":
            for number, text in flat[a:b]:
                if number != open_part:
                    close(open_part)
                    open_part = number
                kept.setdefault(number, []).append(text)
        elif d > c:
            if kind == "insert" and a < len(flat) and a > 0 and flat[a - 1][0] == flat[a][0] == open_part:
                kept[open_part].extend(new[c:d])  # in the middle of what a line pulls in
                continue
            close(open_part)
            open_part = -1
            result.extend(new[c:d])
    close(open_part)
    return "\n".join(_with_blank_lines(parts, result)).rstrip() + "\n"


def _with_blank_lines(parts: list[tuple[str, list[str]]], result: list[str]) -> list[str]:
    """Leading lines of the file that render to nothing, such as a comment of ours, stay in front."""
    front = []
    for line, texts in parts:
        if texts:
            break
        front.append(line)
    return [*front, *result]


def _is_template(line: str) -> bool:
    return any(mark in line for mark in MARKS)


def _lines(text: str) -> list[str]:
    """Lines without trailing spaces, and without empty ones at either end."""
    return [line.rstrip() for line in text.strip("\n").splitlines()] if text.strip() else []
