"""What has to happen by itself: dictionaries reload, sessions end."""

import threading
from contextlib import suppress

from embedded_clickhouse.engine import Engine
from embedded_clickhouse.errors import ClickHouseError
from embedded_clickhouse.sessions import Sessions
from embedded_clickhouse.sql import quote_identifier

_DUE = """
    select database, name from system.dictionaries
    where lifetime_max > 0 and status = 'LOADED' and last_successful_update_time + lifetime_max <= now()
    format TabSeparatedRaw
"""


class Background(threading.Thread):
    """Once a second: reload dictionaries whose lifetime has passed, which chDB never does, and close old sessions."""

    def __init__(self, engine: Engine, sessions: Sessions) -> None:
        super().__init__(name="background", daemon=True)
        self._engine = engine
        self._sessions = sessions
        self._stopped = threading.Event()

    def run(self) -> None:
        while not self._stopped.wait(1):
            self._sessions.expire()
            with suppress(ClickHouseError):
                self.reload_dictionaries()

    def reload_dictionaries(self) -> None:
        """Reload what is due. A dictionary that cannot be reloaded keeps its old rows and is tried again."""
        for line in self._engine.own_bytes(_DUE.encode()).decode().splitlines():
            database, name = line.split("\t")
            full = ".".join(quote_identifier(part) for part in (database, name) if part)
            with suppress(ClickHouseError):
                self._engine.own(f"SYSTEM RELOAD DICTIONARY {full}")

    def stop(self) -> None:
        self._stopped.set()
        self.join(5)
