"""What Superset says, on standard output, a line an event."""

from __future__ import annotations

import logging
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

FORMAT = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"

# These speak of every step that goes well, or of things that this installation leaves out on purpose.
QUIET = {
    "alembic": logging.WARNING,
    "flask_appbuilder": logging.ERROR,
    "superset.app": logging.WARNING,
    "superset.initialization": logging.WARNING,
    "superset.security.manager": logging.WARNING,
    "superset.core.mcp.core_mcp_injection": logging.WARNING,
    "superset.utils.screenshots": logging.ERROR,
    "superset.commands.importers.v1.utils": logging.CRITICAL,  # its findings are reported with the import
    "superset.utils.decorators": logging.CRITICAL,
    # A traceback for each page that is not there or not for this person; failures of ours are errors.
    "superset.views.error_handling": logging.ERROR,
    "clickhouse_connect": logging.WARNING,
    "httpx": logging.WARNING,
    # Superset raises deprecation warnings from its own calls of its dependencies.
    "py.warnings": logging.ERROR,
}


class StandardOutput:
    """Superset's logging configurator (it asks for this one method): INFO and above, to standard output."""

    def configure_logging(self, app_config: Any, debug_mode: bool) -> None:
        """Replace the handlers of the root logger. Python's warnings go to the log as well."""
        logging.basicConfig(
            stream=sys.stdout, format=FORMAT, level=logging.DEBUG if debug_mode else logging.INFO, force=True
        )
        logging.captureWarnings(True)
        if not debug_mode:
            for name, level in QUIET.items():
                logging.getLogger(name).setLevel(level)


def say(text: str) -> None:
    """One line of progress."""
    print(f"superset: {text}", flush=True)


@contextmanager
def step(title: str) -> Iterator[None]:
    """Say what was done and how long it took, in seconds."""
    start = time.perf_counter()
    yield
    say(f"{title} {time.perf_counter() - start:.1f} s")


@contextmanager
def hushed() -> Iterator[None]:
    """Nothing below an error is logged, and no warning is shown, while a noisy part of Superset runs."""
    previous = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(previous)
