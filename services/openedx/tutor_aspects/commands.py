"""Commands: `tutor aspects …` on this machine, and `tutor local do …` (or k8s) in a job beside the stack."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from tutor import config as tutor_config
from tutor.commands.context import Context
from tutor.exceptions import TutorError

from tutor_aspects.services import APP
from tutor_aspects.settings import read_settings

INV = Path(__file__).parents[3] / "inv"
Job = list[tuple[str, str]]
OBJECTS = ("course_overviews", "course_enrollment", "user_profile", "external_id", "taxonomy", "tag", "object_tag")
OF_STUDIO = ("course_overviews", "taxonomy", "tag", "object_tag")


@click.group(help="Learner analytics: dashboards as files, and the plugin's settings.")
def aspects() -> None:
    pass


@aspects.command(name="settings", help="List the plugin's settings, with what they are for and their values.")
@click.pass_obj
def show_settings(context: Context) -> None:
    values = tutor_config.load_full(context.root)
    for setting in read_settings():
        value = "(a secret)" if setting.secret else values.get(setting.name)
        click.echo(f"{setting.name} = {value}\n    {setting.help}")


@aspects.command(name="check-assets", help="Check charts, datasets and dashboards in a folder; ours unless given.")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path), required=False)
@click.pass_obj
def check_assets(context: Context, folder: Path | None) -> None:
    _run_inv(context, "assets.check", [folder] if folder else [])


@aspects.command(name="import-zip", help="Take dashboards that were exported from Superset into the files.")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def import_zip(context: Context, file: Path) -> None:
    _run_inv(context, "assets.import-zip", [file])


def _run_inv(context: Context, command: str, paths: list[Path]) -> None:
    """Run one of the commands: those of the checkout that this plugin is in, or those of the image."""
    if INV.exists():
        done = subprocess.run([str(INV), command, *(str(path.resolve()) for path in paths)], check=False)
    else:
        image = tutor_config.load(context.root)["ASPECTS_DOCKER_IMAGE_CLI"]
        mounts = [word for path in paths for word in ("--volume", f"{path.resolve()}:/given/{path.name}")]
        given = [f"/given/{path.name}" for path in paths]
        done = subprocess.run(
            ["docker", "run", "--rm", *mounts, "--workdir", APP, str(image), "./inv", command, *given], check=False
        )
    if done.returncode:
        raise TutorError(f"{command} found something, or could not run (status {done.returncode}).")


def _inv(command: str, *words: Any, host: str = "") -> Job:
    """A job that runs one of the commands; `host` is the service that it talks to, ClickHouse unless given."""
    told = f"ASPECTS_HOST={host} " if host else ""
    return [("aspects", f"{told}./inv {shlex.join([command, *map(str, words)])}")]


def _options(**values: Any) -> Iterable[str]:
    for name, value in values.items():
        if value is True:
            yield f"--{name.replace('_', '-')}"
        elif value not in (None, False, ""):
            yield from (f"--{name.replace('_', '-')}", str(value))


@click.command(name="init-clickhouse", help="Make or upgrade ClickHouse's tables and users.")
def init_clickhouse() -> Job:
    return _inv("warehouse.migrate")


@click.command(name="dbt", help="Build the models that have changed; --full builds all anew.")
@click.option("--select", default="", help="Some models only, in dbt's words.")
@click.option("--full", is_flag=True, help="Build all anew.")
def dbt(select: str, full: bool) -> Job:
    return _inv("dbt.run", *_options(select=select, full=full))


@click.command(name="import-assets", help="Bring changed charts and dashboards into the running Superset.")
def import_assets() -> Job:
    return _inv("assets.sync", host="superset")


@click.command(name="load-xapi-test-data", help="Simulate learners: statements, courses, and the truth about both.")
@click.option("--count", default=10_000, show_default=True, type=click.IntRange(1), help="Statements.")
@click.option("--seed", default=1, show_default=True, help="Another number gives other learners.")
def load_xapi_test_data(count: int, seed: int) -> Job:
    return _inv("data.fake", *_options(count=count, seed=seed))


@click.command(
    name="transform-tracking-logs", help="Make statements of the LMS's tracking logs; goes on where it ended."
)
@click.argument("logs", nargs=-1)
def transform_tracking_logs(logs: tuple[str, ...]) -> Job:
    return _inv("logs.transform", *(f"/logs/{log}" for log in logs or ("tracking.log",)))


@click.command(name="dump-data-to-clickhouse", help="Send what the LMS knows to ClickHouse, with the LMS's own plugin.")
@click.option("--object", "kind", type=click.Choice(OBJECTS), required=True, help="What to send.")
@click.option("--force", is_flag=True, help="Courses that have not changed, too.")
@click.option("--limit", type=click.IntRange(1), help="At most so many.")
def dump_data_to_clickhouse(kind: str, force: bool, limit: int | None) -> Job:
    if force and limit:
        raise click.UsageError("--limit and --force do not go together: each run would send the same ones.")
    service = "cms" if kind in OF_STUDIO else "lms"
    # A batch of one is the only size at which the plugin keeps its limit.
    words = [*_options(object=kind, force=force, limit=limit), *(["--batch_size", "1"] if limit else [])]
    return [(service, f"./manage.py {service} dump_data_to_clickhouse {shlex.join(words)} --sleep_time 0")]


@click.command(name="performance-metrics", help="Time each chart of the running Superset, the slowest first.")
@click.option("--dashboard", default="", help="One dashboard only, by its slug.")
def performance_metrics(dashboard: str) -> Job:
    return _inv("assets.perf", *_options(dashboard=dashboard), host="superset")


JOBS = [
    init_clickhouse,
    dbt,
    import_assets,
    load_xapi_test_data,
    transform_tracking_logs,
    dump_data_to_clickhouse,
    performance_metrics,
]
