"""Other people's images: each by its tag and its digest, in the Dockerfiles and the Compose files that use it."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from aspects.stack.services import FOLDERS

PINNED = re.compile(r"(?P<tag>(?:[\w.-]+:\d+/)?[\w./-]+:[\w.-]+)@(?P<digest>sha256:[0-9a-f]{64})")
FILES = ("Dockerfile", "compose.yaml")


@dataclass(frozen=True)
class Pin:
    """An image, what its tag meant when it was last looked at, and the files that say so."""

    tag: str
    digest: str
    files: list[str]


def read_pins(root: Path) -> list[Pin]:
    """Every pin of the repository. Files that disagree on a tag's digest are two pins."""
    found: dict[tuple[str, str], list[str]] = defaultdict(list)
    for file in files_with_images(root):
        for match in PINNED.finditer(file.read_text()):
            found[match["tag"], match["digest"]].append(str(file.relative_to(root)))
    return [Pin(tag, digest, files) for (tag, digest), files in sorted(found.items())]


def refresh_pins(root: Path, look: Callable[[str], str]) -> list[Pin]:
    """Write the digest that `look` gives for each tag; the pins that are new."""
    before = {(pin.tag, pin.digest) for pin in read_pins(root)}
    now = {tag: look(tag) for tag in sorted({tag for tag, _ in before})}
    for file in files_with_images(root):
        text = file.read_text()
        new = PINNED.sub(lambda match: f"{match['tag']}@{now[match['tag']]}", text)
        if new != text:
            file.write_text(new)
    return [pin for pin in read_pins(root) if (pin.tag, pin.digest) not in before]


def files_with_images(root: Path) -> Iterator[Path]:
    """Dockerfiles and Compose files, the devcontainer's among them."""
    for folder in (*FOLDERS, ".", ".devcontainer"):
        for name in FILES:
            yield from sorted(root.glob(f"{folder}/{name}"))
