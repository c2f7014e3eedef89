"""The process that refreshes while the stack runs, and takes out learners whom the LMS has retired."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from pathlib import Path

from aspects.lms.retire import retire_whom_the_lms_has_retired
from aspects.settings import load_recorded
from aspects.warehouse.refresh import refresh_for_ever

PAUSE = 2.0
"""Seconds between two refreshes."""


def main() -> None:
    """Refresh until the process is ended, which may be at any moment."""
    parser = argparse.ArgumentParser(description="Refresh the warehouse's tables again and again.")
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # the first process of a container ignores it
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    refresh_for_ever(load_recorded(parser.parse_args().state), PAUSE, then=retire_whom_the_lms_has_retired)


if __name__ == "__main__":
    main()
