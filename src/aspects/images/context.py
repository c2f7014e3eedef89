"""The build context of an image: exactly the files that it copies, the same bytes for the same files."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

from aspects.images.dockerfile import Image

LEFT_OUT = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".user.yml"}


def pack(image: Image, root: Path) -> bytes:
    """The context as an archive. Times, owners and the umask of the checkout are not in it."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path in sorted({image.dockerfile, *_files(image, root)}):
            content = path.read_bytes()
            entry = tarfile.TarInfo(str(path.relative_to(root)))
            entry.size = len(content)
            entry.mode = 0o755 if path.stat().st_mode & 0o100 else 0o644
            archive.addfile(entry, io.BytesIO(content))
    return packed.getvalue()


def digest(context: bytes, arguments: dict[str, str]) -> str:
    """What an image is made of, as a digest: the same inputs, the same digest."""
    told = "".join(f"{name}={value}\n" for name, value in sorted(arguments.items()))
    return hashlib.sha256(context + told.encode()).hexdigest()


def _files(image: Image, root: Path) -> Iterator[Path]:
    for source in image.sources:
        path = root / source
        if path.is_file():
            yield path
        for file in path.rglob("*"):
            if file.is_file() and not LEFT_OUT & set(file.relative_to(root).parts):
                yield file
