"""Encodings of bodies: reading what clients send and writing what they accept."""

import bz2
import lzma
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Protocol

import brotli
import lz4.frame
from backports import zstd

from embedded_clickhouse.errors import ClickHouseError

_LARGEST_PIECE = 1 << 20


class Decoder(Protocol):
    """Turns encoded chunks into decoded ones. Raises ClickHouseError for what is not in its encoding."""

    def feed(self, chunk: bytes) -> Iterator[bytes]: ...

    def end(self) -> Iterator[bytes]: ...


class PlainDecoder:
    def feed(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk

    def end(self) -> Iterator[bytes]:
        return iter(())


class FramedDecoder:
    """A decoder of one of the standard compressions, of any number of frames one after the other.

    A piece of what comes out is at most about a megabyte, however well the input was compressed.
    """

    def __init__(self, name: str, new: Callable[[], Any], failures: tuple[type[Exception], ...]) -> None:
        self._name = name
        self._new = new
        self._failures = failures
        self._frame = new()
        self._started = False

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        while chunk:
            self._started = True
            for piece, rest in self._pieces(chunk):
                if piece:
                    yield piece
                chunk = rest
            if chunk or self._frame.eof:
                self._frame = self._new()
                self._started = False

    def _pieces(self, chunk: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Pieces of one frame, each with what of the input belongs to the next frame."""
        try:
            piece = self._decompress(chunk)
            while piece and not self._frame.eof:
                yield piece, b""
                piece = self._decompress(b"")
            yield piece, self._frame.unused_data if self._frame.eof else b""
        except self._failures as error:
            raise ClickHouseError(
                _FAILURE_CODES[self._name][0],
                _FAILURE_CODES[self._name][1],
                f"Cannot decompress the request body as {self._name}: {error}",
            ) from None

    def _decompress(self, chunk: bytes) -> bytes:
        return bytes(self._frame.decompress(chunk, _LARGEST_PIECE))

    def end(self) -> Iterator[bytes]:
        if self._started:
            code, name = _FAILURE_CODES[self._name]
            raise ClickHouseError(
                code,
                name,
                f"Cannot decompress the request body as {self._name}: it ends before its end, it was cut off.",
            )
        return iter(())


_FAILURE_CODES = {
    "gzip": (354, "ZLIB_INFLATE_FAILED"),
    "deflate": (354, "ZLIB_INFLATE_FAILED"),
    "br": (453, "BROTLI_READ_FAILED"),
    "lz4": (618, "LZ4_DECODER_FAILED"),
    "zstd": (561, "ZSTD_DECODER_FAILED"),
    "xz": (543, "LZMA_STREAM_DECODER_FAILED"),
    "bz2": (610, "BZIP2_STREAM_DECODER_FAILED"),
}


class _Zlib:
    """zlib's decompressor with the interface of the others."""

    def __init__(self, window: int) -> None:
        self._inner = zlib.decompressobj(window)
        self._pending = b""

    def decompress(self, chunk: bytes, size: int) -> bytes:
        piece = self._inner.decompress(self._pending + chunk, size)
        self._pending = self._inner.unconsumed_tail
        return piece

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data


class _Brotli:
    def __init__(self) -> None:
        self._inner = brotli.Decompressor()

    def decompress(self, chunk: bytes, size: int) -> bytes:
        return bytes(self._inner.process(chunk, output_buffer_limit=size))

    @property
    def eof(self) -> bool:
        return bool(self._inner.is_finished())

    unused_data = b""


def decoder_of(encoding: str) -> Decoder:
    """The decoder of a Content-Encoding.

    Raises ClickHouseError for one that ClickHouse does not know either.
    """
    if encoding in ("", "identity"):
        return PlainDecoder()
    if encoding in ("gzip", "x-gzip"):
        return FramedDecoder("gzip", lambda: _Zlib(31), (zlib.error,))
    if encoding == "deflate":
        return FramedDecoder("deflate", lambda: _Zlib(15), (zlib.error,))
    if encoding == "lz4":
        return FramedDecoder("lz4", lz4.frame.LZ4FrameDecompressor, (RuntimeError, EOFError))
    if encoding == "zstd":
        return FramedDecoder("zstd", zstd.ZstdDecompressor, (zstd.ZstdError,))
    if encoding == "br":
        return FramedDecoder("br", _Brotli, (brotli.error,))
    if encoding == "xz":
        return FramedDecoder("xz", lzma.LZMADecompressor, (lzma.LZMAError,))
    if encoding == "bz2":
        return FramedDecoder("bz2", bz2.BZ2Decompressor, (OSError,))
    raise ClickHouseError(48, "NOT_IMPLEMENTED", f"Unknown compression method: {encoding}.")


class Encoder(Protocol):
    """Encodes a response, chunk by chunk."""

    def compress(self, chunk: bytes) -> bytes: ...

    def flush(self) -> bytes: ...


class _Lz4Encoder:
    def __init__(self) -> None:
        self._inner = lz4.frame.LZ4FrameCompressor()
        self._begun = False

    def compress(self, chunk: bytes) -> bytes:
        begin = b"" if self._begun else self._inner.begin()
        self._begun = True
        return bytes(begin + self._inner.compress(chunk))

    def flush(self) -> bytes:
        return bytes(self._inner.flush())


def encoder_for(accepted: str) -> tuple[str, Encoder] | None:
    """The encoding to answer in, and its encoder, for an Accept-Encoding in small letters.

    None to answer plainly.
    """
    if "zstd" in accepted:
        return "zstd", zstd.ZstdCompressor(level=1)
    if "lz4" in accepted:
        return "lz4", _Lz4Encoder()
    if "gzip" in accepted:
        return "gzip", zlib.compressobj(3, zlib.DEFLATED, 31)
    if "deflate" in accepted:
        return "deflate", zlib.compressobj(3, zlib.DEFLATED, 15)
    return None
