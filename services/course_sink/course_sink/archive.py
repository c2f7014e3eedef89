"""An export as a folder: archives come from outside, so their size, paths and links are looked at before anything is
unpacked."""

from __future__ import annotations

import os
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO

from course_sink.errors import SourceError

MOST_BYTES = 2 * 1024**3
"""Bytes that an archive may unpack to. Videos are not in exports; a large course has some hundred megabytes."""
MOST_FILES = 200_000
WANTED = (".xml", ".json", ".html", ".csv")
"""What is unpacked; pictures and documents are not read."""


@contextmanager
def unpacked(source: Path) -> Iterator[Path]:
    """The folder that has `course.xml`. Raises SourceError."""
    if not os.access(source, os.R_OK):
        raise SourceError("it cannot be read by the user that this runs as")
    if source.is_dir():
        yield _root(source)
        return
    with tempfile.TemporaryDirectory(prefix="olx-") as name:
        folder = Path(name)
        try:
            if zipfile.is_zipfile(source):
                _unzip(source, folder)
            else:
                _untar(source, folder)
        except (tarfile.TarError, zipfile.BadZipFile, EOFError, zlib.error, OSError) as error:
            raise SourceError(f"the archive cannot be read: {error}") from error
        yield _root(folder)


def _root(folder: Path) -> Path:
    for candidate in (folder, folder / "course", *sorted(each for each in folder.iterdir() if each.is_dir())):
        if (candidate / "course.xml").is_file():
            return candidate
    raise SourceError("there is no course.xml in it: this is no export of a course")


def _untar(source: Path, folder: Path) -> None:
    count = size = 0
    with tarfile.open(source) as archive:
        for member in archive:
            count, size = count + 1, size + member.size
            _check(member.name, count, size)
            if member.isfile() and member.name.endswith(WANTED):
                # Its content and its name alone: filters of `extract` are newer than the first 3.11.
                target = folder / member.name
                target.parent.mkdir(parents=True, exist_ok=True)
                content = archive.extractfile(member)
                target.write_bytes(content.read() if content else b"")
            elif not (member.isfile() or member.isdir()):
                raise SourceError(f"{member.name} is a link; an export has files only")
        # tarfile takes an archive that was cut off between two files for a whole one, but for its last block.
        if archive.fileobj is None or not _ends_here(archive.fileobj, archive.offset):
            raise tarfile.ReadError("it is cut off")


def _ends_here(stream: IO[bytes], offset: int) -> bool:
    stream.seek(offset)
    return stream.read(tarfile.BLOCKSIZE) == bytes(tarfile.BLOCKSIZE)


def _unzip(source: Path, folder: Path) -> None:
    count = size = 0
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            count, size = count + 1, size + member.file_size
            _check(member.filename, count, size)
            if member.external_attr >> 28 == 0o12:
                raise SourceError(f"{member.filename} is a link; an export has files only")
            if member.filename.endswith(WANTED):
                archive.extract(member, folder)


def _check(name: str, count: int, size: int) -> None:
    path = PurePosixPath(name.replace("\\", "/"))
    if path.is_absolute() or ".." in path.parts:
        raise SourceError(f"{name} leads out of the folder")
    if count > MOST_FILES:
        raise SourceError(f"it has more than {MOST_FILES:,} files")
    if size > MOST_BYTES:
        raise SourceError(f"it unpacks to more than {MOST_BYTES // 1024**3} GB")
