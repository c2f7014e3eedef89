"""python -m embedded_clickhouse.render: configuration of a real ClickHouse server with the users of users.yaml."""

import argparse
import hashlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

import jinja2

from embedded_clickhouse.users import User, UsersError, load_users

_TEMPLATES = Path(__file__).parent.parent


def render(users: Mapping[str, User], path: Path, host: str, http_port: int, tcp_port: int) -> dict[str, str]:
    """The text of config.xml and users.xml for `clickhouse server`, by file name.

    path: the folder of the database. Passwords appear as SHA-256 only.
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["xml"] = escape
    environment.filters["sha256"] = lambda text: hashlib.sha256(text.encode()).hexdigest()
    facts = {"users": users.values(), "path": path, "host": host, "http_port": http_port, "tcp_port": tcp_port}
    return {name: environment.get_template(f"{name}.j2").render(facts) + "\n" for name in ("config.xml", "users.xml")}


def main(arguments: list[str] | None = None) -> int:
    """Write both files. Returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m embedded_clickhouse.render", description=__doc__)
    parser.add_argument("--path", type=Path, required=True, help="folder of the database")
    parser.add_argument("--into", type=Path, required=True, help="folder to write config.xml and users.xml into")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8123, help="port of the HTTP interface (default: %(default)s)")
    parser.add_argument(
        "--tcp-port",
        type=int,
        default=0,
        help="port of the native interface, none by default; a local dictionary needs none",
    )
    parser.add_argument("--users", type=Path, default=Path("users.yaml"), help="users file (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        users = load_users(options.users, os.environ)
    except UsersError as error:
        print(f"embedded_clickhouse.render: {error}", file=sys.stderr)
        return 1
    options.into.mkdir(parents=True, exist_ok=True)
    files = render(users, options.path.resolve(), options.host, options.port, options.tcp_port)
    for name, text in files.items():
        target = options.into / name
        target.touch(mode=0o600)
        target.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
