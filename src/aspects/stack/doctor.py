"""A look at the machine and at the stack, for a person who wonders what is wrong."""

from __future__ import annotations

from aspects.settings import Settings
from aspects.stack import environments, lifecycle, preflight
from aspects.stack.engine import engine_of
from aspects.stack.preflight import Check
from aspects.stack.services import Service, read_services


def examine(settings: Settings) -> list[Check]:
    """The preflight checks, the services' environments, their processes, and what else is on this machine."""
    services = read_services(settings.root)
    return [
        *preflight.run_checks(settings, services, engine_of(settings).processes()),
        *(check_environment(service, settings) for service in services if service.requirements.exists()),
        *check_processes(lifecycle.status(settings)),
        *(check_binary(service, settings) for service in services if service.binary),
        check_docker(),
    ]


def check_environment(service: Service, settings: Settings) -> Check:
    installed = environments.is_installed(service, settings)
    return Check(
        f"Environment of {service.title}",
        installed,
        "installed" if installed else "not installed, or its lock has changed",
        "The command that needs it installs it." if service.on_demand else "./inv dev.up installs it.",
        required=False,
    )


def check_processes(status: lifecycle.StackStatus) -> list[Check]:
    """Nothing when the stack is down: that is a state, not a fault."""
    if status.state == "down":
        return []
    return [
        Check(
            f"Service {service.name}",
            service.state == "healthy",
            service.state,
            f"./inv dev.logs {service.name} says why; ./inv dev.up starts it again.",
        )
        for service in status.services
    ]


def check_binary(service: Service, settings: Settings) -> Check:
    path = service.uses_binary(settings)
    return Check(f"Engine of {service.title}", True, path or "embedded", required=False)


def check_docker() -> Check:
    """Whether a Docker engine answers; only `--engine docker` needs one."""
    import docker  # here, because it takes a tenth of a second that every other command would pay
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=3)
        version = str(client.version()["Version"])
        client.close()
    except (DockerException, OSError) as error:
        reason = str(error).splitlines()[0][:80]
        return Check(
            "Docker engine", False, f"none answers ({reason})", "Only --engine docker needs it.", required=False
        )
    return Check("Docker engine", True, version, required=False)
