"""What the supervisor starts for each service: builds its environment, then becomes its process.

Secrets reach a service this way and no other, so they stand in no command line and no configuration of
the supervisor, and each service sees its own only.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from pathlib import Path

from aspects.errors import AspectsError
from aspects.settings import load_recorded
from aspects.stack.secrets import load_secrets
from aspects.stack.services import Launch, read_services, select


def write_files(launch: Launch) -> None:
    """Write the files that the service reads at its start, for its user's eyes only."""
    for path, text in launch.files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(text)


def main() -> None:
    """Replace this process by the service's."""
    parser = argparse.ArgumentParser(description="Become the process of one service.")
    parser.add_argument("--state", type=Path, required=True, help="the stack's state folder")
    parser.add_argument("service")
    arguments = parser.parse_args()
    try:
        settings = load_recorded(arguments.state)
        service = select(read_services(settings.root), arguments.service)
        settings.service_state(service.name).mkdir(parents=True, exist_ok=True)
        launch = service.launch(settings, load_secrets(settings), os.environ)
        write_files(launch)
        os.chdir(launch.folder)
        if launch.prepare:
            subprocess.run(launch.prepare, env=launch.environment, check=True)
        os.execve(launch.command[0], launch.command, launch.environment)
    except (AspectsError, OSError, subprocess.CalledProcessError) as error:
        sys.exit(f"{arguments.service} cannot be started: {error}. {getattr(error, 'why', '')}")


if __name__ == "__main__":
    main()
