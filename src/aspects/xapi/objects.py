"""Files in an object store that speaks Amazon's S3: `s3://bucket/key`.

The address and the keys come from the variables that every tool for S3 knows: AWS_ENDPOINT_URL, AWS_REGION,
AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final

from aspects.errors import AspectsError

if TYPE_CHECKING:
    from obstore import ReadableFile
    from obstore.store import S3Store

_SCHEME: Final = "s3://"
_WILD: Final = "*?["
_BLOCK: Final = 8 << 20
"""Bytes that a request asks for: a log is read over hours, and no request lives that long."""
_PATIENCE: Final = timedelta(seconds=20)


def is_object(name: str) -> bool:
    """Whether the name is that of an object, and not of a file."""
    return name.startswith(_SCHEME)


def find_objects(name: str) -> list[str]:
    """The objects that a name means: one, all below a prefix, or those of a pattern, in which `*` takes slashes too.

    Raises AspectsError when there is none (`data.no_file`), or the store does not answer (`data.object_store`).
    """
    bucket, key = _parts(name)
    wild = min((place for place in map(key.find, _WILD) if place >= 0), default=-1)
    with _explained(name):
        import obstore  # slow to import

        store = _store(bucket)
        if wild < 0 and key and not key.endswith("/"):
            try:
                obstore.head(store, key)
            except FileNotFoundError:
                pass
            else:
                return [name]
        prefix = key if wild < 0 else key[:wild].rpartition("/")[0]
        listed = [one["path"] for some in obstore.list(store, prefix=prefix or None) for one in some]
    keys = sorted(one for one in listed if wild < 0 or fnmatchcase(one, key))
    if not keys:
        raise AspectsError(
            f"There is no object {name}.",
            why=f"In the bucket {bucket} there is none of this name, and none below it.",
            fix="Check the bucket and the key.",
            code="data.no_file",
        )
    return [f"{_SCHEME}{bucket}/{one}" for one in keys]


def size_of(name: str) -> int:
    """The bytes of an object. Raises AspectsError (`data.object_store`)."""
    bucket, key = _parts(name)
    with _explained(name):
        import obstore

        return obstore.head(_store(bucket), key)["size"]


def open_object(name: str) -> io.BufferedReader:
    """An object's content. Raises AspectsError (`data.object_store`); reading raises OSError."""
    bucket, key = _parts(name)
    with _explained(name):
        import obstore

        raw: io.RawIOBase = _Object(obstore.open_reader(_store(bucket), key, buffer_size=_BLOCK))
        return io.BufferedReader(raw, _BLOCK)


class _Object(io.RawIOBase):
    """An object as a stream."""

    def __init__(self, reader: ReadableFile) -> None:
        self._reader = reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]  # the stub's buffer type is private
        from obstore.exceptions import BaseError

        try:
            piece = memoryview(self._reader.read(len(buffer)))
        except BaseError as error:
            raise OSError(str(error)) from error
        buffer[: len(piece)] = piece
        return len(piece)


def _parts(name: str) -> tuple[str, str]:
    bucket, _, key = name.removeprefix(_SCHEME).partition("/")
    return bucket, key


def _store(bucket: str) -> S3Store:
    from obstore.store import S3Store

    return S3Store(
        bucket, client_options={"allow_http": True}, retry_config={"max_retries": 4, "retry_timeout": _PATIENCE}
    )


@contextmanager
def _explained(name: str) -> Iterator[None]:
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise AspectsError(
            f"{name} cannot be read.",
            why=str(error).strip().partition("\n")[0][:500],
            fix="Check the bucket and the key, and AWS_ENDPOINT_URL, AWS_REGION, AWS_ACCESS_KEY_ID and "
            "AWS_SECRET_ACCESS_KEY.",
            code="data.object_store",
        ) from error
