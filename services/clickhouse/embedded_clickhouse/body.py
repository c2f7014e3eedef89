"""A request's body on its way from the network to the thread that runs the statement."""

import asyncio
import threading
from collections import deque
from collections.abc import Iterator

from embedded_clickhouse.codecs import Decoder
from embedded_clickhouse.errors import ClickHouseError

_HIGH_WATER = 1 << 20
_SMALL = 1 << 20


class Body:
    """Bytes as they come in, decoded. Filled by the event loop, emptied by one thread; holds little more than 1 MB.

    The network waits when the thread is slower.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, decoder: Decoder, length: int | None) -> None:
        """`length` is what the client says that the body has, in bytes."""
        self._loop = loop
        self._decoder = decoder
        self._awaited = length if length is not None and length <= _SMALL else 1
        self._chunks: deque[bytes] = deque()
        self._size = 0
        self._ended = False
        self._discarded = False
        self._failure: ClickHouseError | None = None
        self._changed = threading.Condition()
        self._room = asyncio.Event()
        self._room.set()

    async def feed(self, chunk: bytes) -> None:
        """Give a chunk; waits while too much is waiting to be read."""
        await self._room.wait()
        with self._changed:
            if self._discarded:
                return
            self._chunks.append(chunk)
            self._size += len(chunk)
            if self._size >= _HIGH_WATER:
                self._room.clear()
            self._changed.notify()

    def end(self, failure: ClickHouseError | None = None) -> None:
        """No more will come; `failure` when it should have."""
        with self._changed:
            self._ended = True
            self._failure = self._failure or failure
            self._changed.notify()

    def discard(self) -> None:
        """The thread reads no more: let the network run on without keeping anything."""
        with self._changed:
            self._chunks.clear()
            self._discarded = True
        self._loop.call_soon_threadsafe(self._room.set)

    def read(self) -> bytes:
        """Raw bytes that have come in, after waiting for some; none at the end.

        A small body comes at once. Raises ClickHouseError when the body broke off.
        """
        with self._changed:
            while not self._ended and self._size < self._awaited:
                self._changed.wait()
            if not self._chunks:
                if self._failure:
                    raise self._failure
                return b""
            taken = list(self._chunks)
            self._chunks.clear()
            self._size = 0
        self._loop.call_soon_threadsafe(self._room.set)
        return taken[0] if len(taken) == 1 else b"".join(taken)

    @property
    def exhausted(self) -> bool:
        """Whether everything has come in, without a failure, and has been read."""
        with self._changed:
            return self._ended and not self._chunks and self._failure is None

    def decoded(self) -> Iterator[bytes]:
        """The rest of the body, decoded, in chunks that are not empty."""
        while chunk := self.read():
            yield from self._decoder.feed(chunk)
        yield from self._decoder.end()
