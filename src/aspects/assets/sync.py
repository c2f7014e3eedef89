"""Brings rendered assets into the stack's Superset."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aspects.assets.render import Bundle, render_bundle
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.compose import compose_command, share, variables
from aspects.stack.environments import is_installed
from aspects.stack.services import read_services, select

_MOST_SECONDS = 300


@dataclass(frozen=True)
class SyncError:
    """What Superset does not take, and the file in the folder of assets (empty when it is none in particular)."""

    file: str
    message: str


@dataclass(frozen=True)
class Change:
    """What is done to an asset: create, update, unchanged, remove, or kept, which is a retired one that is in use."""

    kind: str
    uuid: str
    name: str
    action: str


@dataclass(frozen=True)
class SyncResult:
    """`imported` assets were written; `unchanged` says that Superset held this very bundle. With errors none was."""

    imported: int
    unchanged: bool
    errors: tuple[SyncError, ...]
    changes: tuple[Change, ...]
    rendered: Bundle

    def count(self, action: str) -> int:
        return sum(change.action == action for change in self.changes)

    def as_dict(self) -> dict[str, object]:
        errors = [asdict(error) for error in self.errors]
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "errors": errors,
            "changes": [asdict(change) for change in self.changes],
            "rendered": self.rendered.counts,
        }


def sync(
    settings: Settings,
    secrets: Mapping[str, str],
    inherited: Mapping[str, str],
    source: Path | None = None,
    dry_run: bool = False,
    force: bool = False,
) -> SyncResult:
    """Render the assets in `source` (the repository's by default) and import them into Superset.

    Superset may be serving meanwhile. It takes all assets or none; ids, favourites and links survive. A dry run
    changes nothing and has the `changes` that a sync would make. With `force` a bundle is imported that Superset has
    been given already, over what was changed in Superset since.
    `inherited` is the environment that services may see parts of. Raises AspectsError: `assets.render`,
    `assets.no_superset` before its first start, `assets.import` when the importer itself fails.
    """
    service = select(read_services(settings.root), "superset")
    state = settings.service_state("superset")
    docker = settings.engine == "docker"
    if not docker and not (is_installed(service, settings) and (state / "superset.db").exists()):
        raise AspectsError(
            "Superset was never started here.",
            why=f"There is no {state / 'superset.db'}, or no environment to run it in.",
            fix="Start the stack first: ./inv dev.up",
            code="assets.no_superset",
        )
    target = state / ("bundle-dry-run" if dry_run else "bundle")
    options = ["--import-only", *(["--dry-run"] if dry_run else []), *(["--force"] if force else [])]
    try:
        bundle = render_bundle(settings, secrets, target, source)
        if docker:
            share(settings)
            execute = ["exec", "--no-TTY", "--env", f"SUPERSET_ASSETS=/shared/{target.name}", service.name]
            command = [*compose_command(settings), *execute, *service.command, *options]
            answer = _import(command, variables(settings, inherited), settings.root)
        else:
            launch = service.launch(settings, secrets, inherited)
            environment = {**launch.environment, "SUPERSET_ASSETS": str(target)}
            answer = _import([*launch.command, *options], environment, launch.folder)
    finally:
        if dry_run:
            shutil.rmtree(target, ignore_errors=True)
    errors = tuple(SyncError(str(error["file"]), str(error["message"])) for error in answer["errors"])
    changes = tuple(Change(**change) for change in answer["changes"])
    return SyncResult(int(answer["imported"]), bool(answer["unchanged"]), errors, changes, bundle)


def _import(command: list[str], environment: dict[str, str], folder: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            env=environment,
            capture_output=True,
            text=True,
            timeout=_MOST_SECONDS,
            check=False,
        )
        answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except subprocess.TimeoutExpired as error:
        raise _failed(f"It did not end within {_MOST_SECONDS} s.") from error
    except (OSError, ValueError, IndexError) as error:
        said = done.stderr.strip() if not isinstance(error, OSError) else str(error)
        raise _failed("\n".join(said.splitlines()[-8:])) from error
    return answer


def _failed(why: str) -> AspectsError:
    return AspectsError(
        "Superset's importer ended without an answer.",
        why=why,
        fix="./inv dev.logs superset shows Superset's log; ./inv dev.status whether it runs.",
        code="assets.import",
    )
