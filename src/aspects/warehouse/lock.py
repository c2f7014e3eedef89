"""One run at a time on this machine."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from aspects.errors import AspectsError
from aspects.settings import Settings


@contextmanager
def only_one_run(settings: Settings, command: str, wait: float = 120) -> Iterator[None]:
    """Wait until no other process of this machine runs `command` on this stack, then keep others out.

    The operating system frees the lock when its holder dies, so no lock outlives a crash. Raises AspectsError
    `warehouse.busy` after `wait` seconds.
    """
    file = settings.state / "run" / f"{command}.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    end = time.monotonic() + wait
    with file.open("w") as stream:
        while True:
            try:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError as error:
                if time.monotonic() > end:
                    raise AspectsError(
                        f"Another run of {command} does not end.",
                        why=f"It has held {file} for more than {wait:.0f} s.",
                        fix="Wait for it or stop it, then try again.",
                        code="warehouse.busy",
                    ) from error
                time.sleep(0.1)
        yield
