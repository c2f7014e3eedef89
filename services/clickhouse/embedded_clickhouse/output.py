"""A result on its way from the engine's pipe to the client."""

import asyncio
import fcntl
import os
from contextlib import suppress

_PIECE = 1 << 20
_PIPE_SIZE = 1031  # fcntl's F_SETPIPE_SZ, which Python 3.11 names on Linux only


class Pipe:
    """A pipe that the engine writes a result into, read without blocking the event loop.

    The kernel stops the engine while the client is slower: a result of any size takes a megabyte here.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.reading, self._writing = os.pipe()
        os.set_blocking(self.reading, False)
        with suppress(OSError, AttributeError):
            fcntl.fcntl(self._writing, _PIPE_SIZE, _PIECE)
        self._readable = asyncio.Event()
        loop.add_reader(self.reading, self._readable.set)

    @property
    def path(self) -> str:
        """Where the engine finds the writing end."""
        return f"/proc/self/fd/{self._writing}"

    def close_writing(self) -> None:
        """Called by the thread that ran the statement: nothing more will come."""
        if self._writing >= 0:
            os.close(self._writing)
            self._writing = -1

    async def read(self) -> bytes:
        """The next piece, at most a megabyte; nothing at the end."""
        while True:
            try:
                return os.read(self.reading, _PIECE)
            except BlockingIOError:
                self._readable.clear()
                await self._readable.wait()

    def close_reading(self) -> None:
        """No more is wanted: an engine that still writes stops with an error."""
        if self.reading >= 0:
            self._loop.remove_reader(self.reading)
            os.close(self.reading)
            self.reading = -1
