"""Following logs as a command or as a service of the stack does it."""

from __future__ import annotations

import argparse
import io
import logging
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from aspects.errors import AspectsError
from aspects.logs import reference
from aspects.logs.checkpoints import Checkpoints, only_one
from aspects.logs.engine import Engine
from aspects.logs.fast.engine import FastEngine
from aspects.logs.sinks import Sink
from aspects.logs.tail import Follower, follow
from aspects.logs.targets import open_sink, target_of
from aspects.logs.transform import Transformation
from aspects.logs.vector_engine import ThroughVector
from aspects.settings import Settings, load_recorded
from aspects.xapi.load import Rejects

PAUSE = 2.0
"""Seconds before the service tries again what failed."""
log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Following:
    """What makes statements of the lines, and where they and what is refused go."""

    settings: Settings
    knowledge: reference.Knowledge
    engine: str
    sink: str
    out: str
    rejects: Path

    def run(self, patterns: Sequence[str], stream: BinaryIO) -> None:
        """Follow the logs that patterns name until the process is ended, which may be at any moment.

        Raises AspectsError when the engine or the sink fails: what was not stored is taken again by the next run.
        """
        state = self.settings.service_state("event_router")
        target = target_of(self.settings, self.sink, self.out, self.knowledge)
        made_by = FastEngine if self.engine == "fast" else reference.ReferenceEngine
        with ExitStack() as opened:
            if self.sink == "file":
                # Its end is cut off after a crash; tables and an LRS know a statement that comes again.
                opened.enter_context(only_one(state, target))
            checkpoints = opened.enter_context(closing(Checkpoints(state / "checkpoints.sqlite", target)))
            place: Sink = opened.enter_context(closing(open_sink(self.settings, self.sink, self.out, stream)))
            inner: Engine = opened.enter_context(closing(made_by(self.settings, self.knowledge, 1)))
            through = ThroughVector(self.settings.root / "vector", inner)
            transformation = Transformation(through, place, Rejects(self.rejects), checkpoints)
            transformation.begin()
            follow(transformation, Follower(patterns, checkpoints))


def follow_for_ever(settings: Settings) -> None:
    """Follow the logs of the setting `tracking_logs` into ClickHouse; what fails is logged and tried again."""
    said = ""
    while True:
        rejects = settings.state / "rejects" / f"tail-{time.strftime('%Y%m%dT%H%M%SZ', time.gmtime())}.jsonl"
        following = Following(settings, reference.Knowledge(None, None), "fast", "clickhouse", "", rejects)
        try:
            if not reference.ready(settings):
                log.warning("Installing event-routing-backends.")
                reference.install(settings)
            following.run(settings.tracking_logs.split(), io.BytesIO())
        except AspectsError as error:
            if (now := f"{error.message} {error.why}") != said:
                log.warning("%s", now)
                said = now
        time.sleep(PAUSE)


def main() -> None:
    """The service: until the process is ended."""
    parser = argparse.ArgumentParser(description="Follow the tracking logs that a setting names.")
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(0))  # the first process of a container ignores it
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.WARNING)
    follow_for_ever(load_recorded(parser.parse_args().state))


if __name__ == "__main__":
    main()
