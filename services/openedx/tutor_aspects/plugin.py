"""What Tutor is told: settings, patches, files, jobs and commands."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import jinja2
from tutor import hooks
from tutor.exceptions import TutorError

from tutor_aspects import commands
from tutor_aspects.compose import as_yaml, claims, compose_jobs, compose_services, deployments, k8s_jobs, k8s_services
from tutor_aspects.services import containers, ralph_users, secrets
from tutor_aspects.settings import read_settings, wrong_settings

HERE = Path(__file__).parent


def _declare_settings() -> None:
    for setting in read_settings():
        if setting.secret:
            hooks.Filters.CONFIG_UNIQUE.add_item((setting.name, "{{ 24|random_string }}"))
        else:
            hooks.Filters.CONFIG_DEFAULTS.add_item((setting.name, setting.default))


@hooks.Actions.CONFIG_LOADED.add()
def _check_settings(config: Mapping[str, Any]) -> None:
    wrong = wrong_settings(config)
    if wrong:
        raise TutorError(
            "\n".join(["Settings of the plugin aspects are wrong.", *wrong, "tutor aspects settings lists them."])
        )


def _told(work: Callable[[dict[str, Any]], str]) -> Callable[[jinja2.runtime.Context], str]:
    """A function of Tutor's templates that is given the configuration."""

    @jinja2.pass_context
    def told(context: jinja2.runtime.Context) -> str:
        return work(context.get_all())

    return told


def _secrets_file(config: dict[str, Any]) -> str:
    return "".join(f"{name}={value}\n" for name, value in secrets(config).items())


hooks.Filters.ENV_TEMPLATE_VARIABLES.add_items(
    [
        ("aspects_compose_services", _told(lambda config: as_yaml(compose_services(containers(config))))),
        ("aspects_compose_jobs", _told(lambda config: as_yaml(compose_jobs(config, containers(config))))),
        ("aspects_k8s_deployments", _told(lambda config: as_yaml(deployments(containers(config))))),
        ("aspects_k8s_services", _told(lambda config: as_yaml(k8s_services(containers(config))))),
        ("aspects_k8s_volumes", _told(lambda config: as_yaml(claims(containers(config))))),
        ("aspects_k8s_jobs", _told(lambda config: as_yaml(k8s_jobs(config)))),
        ("aspects_ralph_users", _told(ralph_users)),
        ("aspects_secrets", _told(_secrets_file)),
    ]
)

_declare_settings()
for file in sorted((HERE / "patches").iterdir()):
    hooks.Filters.ENV_PATCHES.add_item((file.name, file.read_text()))
hooks.Filters.ENV_TEMPLATE_ROOTS.add_item(str(HERE / "templates"))
hooks.Filters.ENV_TEMPLATE_TARGETS.add_item(("aspects/apps", "plugins"))
# In order: the warehouse, then what reads it, then the LMS that writes to it.
for service, name in (("aspects", "warehouse"), ("lms", "lms")):
    hooks.Filters.CLI_DO_INIT_TASKS.add_item((service, (HERE / "jobs" / f"{name}.sh").read_text()))
hooks.Filters.CLI_COMMANDS.add_item(commands.aspects)
hooks.Filters.CLI_DO_COMMANDS.add_items(commands.JOBS)
