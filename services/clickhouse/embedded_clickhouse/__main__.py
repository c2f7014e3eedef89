"""python -m embedded_clickhouse --path DIR --host 127.0.0.1 --port 8123 --users users.yaml"""

import argparse
import os
import sys
import time
from pathlib import Path


def main(arguments: list[str] | None = None) -> int:
    """Serve until told to stop. Returns the exit status: 1 with a message on stderr when it cannot start."""
    options = _options().parse_args(arguments)
    os.environ["TZ"] = "UTC"
    time.tzset()
    # The engine's allocator gives memory back after a second instead of five. It reads this
    # when chDB loads.
    os.environ.setdefault("JE_MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true")
    # chDB imports pyarrow where it finds it, 60 MB that a server has no use for.
    sys.modules["pyarrow"] = None  # type: ignore[assignment]  # says that there is none
    from embedded_clickhouse.serve import StartError, serve

    try:
        serve(options.path, options.host, options.port, options.users, options.most_queries)
    except StartError as error:
        print(f"embedded_clickhouse: {error}", file=sys.stderr)
        return 1
    return 0


def _options() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="embedded_clickhouse",
        description="ClickHouse's HTTP interface over chDB, the engine as a Python package.",
    )
    parser.add_argument("--path", type=Path, required=True, help="folder of the database; made when it is not there")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8123, help="port to listen on (default: %(default)s)")
    parser.add_argument("--users", type=Path, default=Path("users.yaml"), help="users file (default: %(default)s)")
    parser.add_argument(
        "--most-queries",
        type=int,
        default=48,
        help="statements that may run at a time (default: %(default)s)",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
