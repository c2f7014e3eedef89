"""Brings rendered assets into the stack's Superset."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from aspects.assets.render import Bundle, render_bundle
from aspects.errors import AspectsError
from aspects.settings import Settings
from aspects.stack.environments import is_installed
from aspects.stack.services import read_services, select

_MOST_SECONDS = 300


@dataclass(frozen=True)
class SyncError:
    """What Superset does not take, and the file in the folder of assets (empty when it is none in particular)."""

    file: str
    message: str


@dataclass(frozen=True)
class SyncResult:
    """`imported` assets were written; `unchanged` says that Superset held this very bundle. With errors none was."""

    imported: int
    unchanged: bool
    errors: tuple[SyncError, ...]
    rendered: Bundle

    def as_dict(self) -> dict[str, object]:
        errors = [asdict(error) for error in self.errors]
        return {
            "imported": self.imported,
            "unchanged": self.unchanged,
            "errors": errors,
            "rendered": self.rendered.counts,
        }


def sync(
    settings: Settings, secrets: Mapping[str, str], inherited: Mapping[str, str], source: Path | None = None
) -> SyncResult:
    """Render the assets in `source` (the repository's by default) and import them into Superset.

    Superset may be serving meanwhile. It takes all assets or none; ids, favourites and links survive.
    `inherited` is the environment that services may see parts of. Raises AspectsError: `assets.render`,
    `assets.no_superset` before its first start, `assets.import` when the importer itself fails.
    """
    service = select(read_services(settings.root), "superset")
    state = settings.service_state("superset")
    if not is_installed(service, settings) or not (state / "superset.db").exists():
        raise AspectsError(
            "Superset was never started here.",
            why=f"There is no {state / 'superset.db'}, or no environment to run it in.",
            fix="Start the stack first: ./inv dev.up",
            code="assets.no_superset",
        )
    launch = service.launch(settings, secrets, inherited)
    bundle = render_bundle(settings, secrets, Path(launch.environment["SUPERSET_ASSETS"]), source)
    answer = _import(launch.command, launch.environment, launch.folder)
    errors = tuple(SyncError(str(error["file"]), str(error["message"])) for error in answer["errors"])
    return SyncResult(int(answer["imported"]), bool(answer["unchanged"]), errors, bundle)


def _import(command: list[str], environment: dict[str, str], folder: Path) -> dict[str, Any]:
    try:
        done = subprocess.run(
            [*command, "--import-only"],
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
