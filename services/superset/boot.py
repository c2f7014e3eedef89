"""Superset from an empty folder to a serving program, in one process.

    python boot.py                 prepare (migrate, roles, administrator, assets), then serve until SIGTERM
    python boot.py --prepare       prepare and exit
    python boot.py --import-only   import the assets while another process serves; prints one JSON object
                                   {"imported", "unchanged", "errors": [{"file", "message"}],
                                   "changes": [{"kind", "uuid", "name", "action"}]}, exit 1 with errors;
                                   with --dry-run all of it is taken back, with --force a bundle that was
                                   imported last is imported again

The environment is that of service.yaml. Whatever is up to date is skipped, so that a later start is quick.
"""

from __future__ import annotations

import argparse
import gc
import io
import json
import os
import signal
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING, Any

from superset_boot.logs import say, step

if TYPE_CHECKING:
    from flask import Flask
    from superset_boot.importer import ImportResult

NEEDED = ("SUPERSET_STATE", "SUPERSET_SECRET_KEY", "SUPERSET_ADMIN_USER", "SUPERSET_ADMIN_PASSWORD")


def make_app() -> Flask:
    """The application. The metadata database need not exist yet."""
    from superset_boot.database import tune_sqlite

    tune_sqlite()
    with step("Load Superset"):
        with redirect_stdout(io.StringIO()):  # it prints which settings it read
            import superset.config  # noqa: F401  # loaded for what it prints
        from superset.app import SupersetApp, create_app

        # It loads every migration there is (half a second, 20 MB) to find out whether it may write the themes; what
        # it does is done by `bring_up_to_date`, which knows.
        SupersetApp.sync_config_to_db = lambda app: None
        return create_app()


def prepare() -> Flask:
    """Bring the metadata database, the roles, the administrator and the assets up to date, and return the app.

    A bundle that cannot be imported does not keep Superset from serving: the log says which file is wrong, and so
    does `/aspects/health`. Raises SystemExit (3, with which gunicorn gives up) when anything else fails.
    """
    from superset_boot.database import alone, restore

    state = Path(os.environ["SUPERSET_STATE"])
    state.mkdir(parents=True, exist_ok=True)
    with alone(state):
        restore(state / "superset.db")
        app = make_app()
        in_child(lambda: bring_up_to_date(app, state / "superset.db"))
    # What is loaded now stays: it need not be looked at again by each collection of garbage.
    gc.enable()
    gc.collect()
    gc.freeze()
    return app


def in_child(work: Callable[[], None]) -> None:
    """Do the work in a forked process: what it takes of memory (migrations: 50 MB) is given back when it is done."""
    child = os.fork()
    if child == 0:
        # gunicorn's handlers came along; a migration that is told to stop ends at once, and the next start undoes it.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT):
            signal.signal(number, signal.SIG_DFL)
        status = 3
        try:
            work()
            status = 0
        except Exception:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            sys.stderr.flush()
            os._exit(status)
    _, waited = os.waitpid(child, 0)
    if waited:
        say("Preparing failed; the lines above say why.")
        raise SystemExit(3)


def bring_up_to_date(app: Flask, database: Path) -> None:
    """Migrate, sync and import whatever has changed since the last start."""
    from importlib.metadata import version

    from superset_boot.database import migrate, read_fact, restorable, write_fact
    from superset_boot.roles import Administrator, sync_administrator, sync_roles

    with app.app_context():
        from superset.commands.theme.seed import SeedSystemThemesCommand
        from superset.extensions import db

        if read_fact(db.session.execute, "superset_version") != version("apache-superset"):
            db.session.remove()
            with step("Migrate the metadata database"), restorable(database):
                migrate(database)
                with db.engine.begin() as connection:
                    write_fact(connection.execute, "superset_version", version("apache-superset"))
        SeedSystemThemesCommand().run()
        with step("Sync roles and permissions"):
            sync_roles()
        with step("Sync the administrator"):
            sync_administrator(Administrator(os.environ["SUPERSET_ADMIN_USER"], os.environ["SUPERSET_ADMIN_PASSWORD"]))
        with step("Import the assets"):
            report(import_assets())


def import_assets(force: bool = False, dry_run: bool = False) -> ImportResult:
    """Import the rendered bundle; a folder that is not there yet is an empty one. Needs an app context."""
    from superset_boot.importer import ImportResult, import_bundle

    folder = Path(os.environ.get("SUPERSET_ASSETS") or "-")
    if not folder.is_dir():
        return ImportResult(imported=0, unchanged=True)
    return import_bundle(folder, os.environ["SUPERSET_ADMIN_USER"], force, dry_run)


def report(result: ImportResult) -> None:
    """What became of the import, for whoever reads the log."""
    for error in result.errors:
        say(f"ERROR in the assets: {error.file or 'the bundle'}: {error.message}")
    if result.errors:
        say("The assets were not imported; those of the last good import are in force.")
    elif result.unchanged:
        say("The assets are unchanged.")
    else:
        say(f"{result.imported} assets were imported.")


def import_only(force: bool, dry_run: bool) -> int:
    """The one-off import. Returns the exit status."""
    from superset_boot.database import alone

    with redirect_stdout(sys.stderr), alone(Path(os.environ["SUPERSET_STATE"])):
        app = make_app()
        with app.app_context():
            result = import_assets(force, dry_run)
    print(json.dumps(result.as_dict()))
    return 1 if result.errors else 0


def serve() -> None:
    """Run gunicorn. Its worker prepares everything itself, so that only one process carries Superset in memory, and
    the port answers as soon as that is done."""
    from gunicorn.app.base import BaseApplication

    host, port = os.environ.get("SUPERSET_HOST", "127.0.0.1"), os.environ.get("SUPERSET_PORT", "8088")

    def start(worker: Any) -> None:
        from superset_boot.usage import copy_for_ever

        copy_for_ever(worker.wsgi)
        say(f"Serving on http://{host}:{port}")

    class Server(BaseApplication):
        def load_config(self) -> None:
            options: dict[str, Any] = {
                "bind": f"{host}:{port}",
                "worker_class": "gthread",
                "workers": 1,
                "threads": 8,
                "timeout": 300,  # also the limit of the first start
                "graceful_timeout": 3,
                "keepalive": 5,
                "loglevel": "warning",
                "control_socket_disable": True,
                "post_worker_init": start,
            }
            for name, value in options.items():
                self.cfg.set(name, value)

        def load(self) -> Flask:
            return prepare()

    Server().run()


def main() -> int:
    """Parse the arguments, check the environment, and do as told. Returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--prepare", action="store_true", help="prepare and exit")
    only.add_argument("--import-only", action="store_true", help="import the assets and exit")
    parser.add_argument("--force", action="store_true", help="import what was imported last, too")
    parser.add_argument("--dry-run", action="store_true", help="say what an import would do, and do nothing")
    arguments = parser.parse_args()
    missing = [name for name in NEEDED if not os.environ.get(name)]
    if missing:
        print(f"superset: not started: {', '.join(missing)} must be set (see service.yaml).", file=sys.stderr)
        return 2
    # What is loaded stays: to look for garbage in it takes a third of the time. `prepare` begins with that again.
    gc.disable()
    if arguments.import_only:
        return import_only(arguments.force, arguments.dry_run)
    if arguments.prepare:
        prepare()
        return 0
    serve()
    return 0


if __name__ == "__main__":
    sys.exit(main())
