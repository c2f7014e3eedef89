"""Services as Docker Compose and Kubernetes want them written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import yaml

from tutor_aspects.services import APP, STATE, Container, cli_environment

FILES = "../plugins/aspects/apps"
CLICKHOUSE_DATA = "/var/lib/clickhouse"
MEMORY = {"clickhouse": "4Gi", "superset": "1Gi", "ralph": "512Mi", "refresh": "256Mi"}


def _data_of(container: Container) -> str:
    return CLICKHOUSE_DATA if container.name == "clickhouse" else STATE


def _files_of(name: str) -> dict[str, str]:
    """What the plugin renders for a service, and where it finds it."""
    return {
        "ralph": {"auth.json": f"{STATE}/auth.json"},
        "refresh": {"secrets.env": f"{STATE}/secrets.env"},
        "job": {"secrets.env": f"{STATE}/secrets.env"},
    }.get(name, {})


def compose_services(containers: Iterable[Container]) -> dict[str, Any]:
    """The services of `docker-compose.yml`; nothing is published but through Tutor's own proxy."""
    return {container.name: _compose_service(container) for container in containers}


def _compose_service(container: Container) -> dict[str, Any]:
    service: dict[str, Any] = {"image": container.image, "restart": "unless-stopped"}
    if container.command:
        service["command"] = list(container.command)
    service["environment"] = dict(container.environment)
    service["volumes"] = [
        f"../../data/aspects-{container.name}:{_data_of(container)}",
        *(f"{FILES}/{file}:{place}:ro" for file, place in _files_of(container.name).items()),
    ]
    if container.health:
        service["healthcheck"] = {
            "test": ["CMD-SHELL", _health_check(container)],
            "interval": "10s",
            "timeout": "5s",
            "retries": 12,
            "start_period": "60s",
        }
    service["deploy"] = {"resources": {"limits": {"memory": MEMORY[container.name].removesuffix("i").lower()}}}
    if container.needs:
        service["depends_on"] = {need: {"condition": "service_healthy"} for need in container.needs}
    return service


def _health_check(container: Container) -> str:
    url = f"http://127.0.0.1:{container.port}{container.health}"
    if container.name == "clickhouse":
        return f"wget --quiet --spider {url}"
    return f"python -c \"import urllib.request; urllib.request.urlopen('{url}', timeout=4)\""


def compose_jobs(config: Mapping[str, Any], containers: Iterable[Container]) -> dict[str, Any]:
    """The service in which jobs run, `./inv` being its program."""
    there = [container.name for container in containers if container.name == "clickhouse"]
    job: dict[str, Any] = {
        "image": config["ASPECTS_DOCKER_IMAGE_CLI"],
        "environment": cli_environment(config),
        "working_dir": APP,
        "volumes": [
            *(f"{FILES}/{file}:{place}:ro" for file, place in _files_of("job").items()),
            "../../data/aspects-job:/data/job",
            "../../data/lms/logs:/logs:ro",
        ],
    }
    if there:
        job["depends_on"] = {name: {"condition": "service_healthy"} for name in there}
    return {"aspects-job": job}


def deployments(containers: Iterable[Container]) -> list[dict[str, Any]]:
    """A Deployment each."""
    return [_deployment(container) for container in containers]


def _deployment(container: Container) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "name": container.name,
        "image": container.image,
        "env": [{"name": name, "value": value} for name, value in container.environment.items()],
        "resources": {"requests": {"memory": "128Mi"}, "limits": {"memory": MEMORY[container.name]}},
        "securityContext": {"allowPrivilegeEscalation": False},
        "volumeMounts": [
            {"name": "data", "mountPath": _data_of(container)},
            *(
                {"name": "files", "mountPath": place, "subPath": file}
                for file, place in _files_of(container.name).items()
            ),
        ],
    }
    if container.command:
        pod["args"] = list(container.command)
    if container.port:
        probe = {"httpGet": {"path": container.health, "port": container.port}}
        pod["ports"] = [{"containerPort": container.port}]
        pod["readinessProbe"] = {**probe, "periodSeconds": 10}
        pod["startupProbe"] = {**probe, "periodSeconds": 5, "failureThreshold": 60}
    volumes: list[dict[str, Any]] = [{"name": "data", "persistentVolumeClaim": {"claimName": _name(container)}}]
    if _files_of(container.name):
        volumes.append({"name": "files", "configMap": {"name": "aspects-files"}})
    labels = {"app.kubernetes.io/name": _name(container)}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": container.name, "labels": labels},
        "spec": {
            "replicas": 1,
            "strategy": {"type": "Recreate"},  # two may not write one volume
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {
                    "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
                    "containers": [pod],
                    "volumes": volumes,
                },
            },
        },
    }


def k8s_services(containers: Iterable[Container]) -> list[dict[str, Any]]:
    """A Service each that has a port, by the name that others find it under."""
    return [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": container.name, "labels": {"app.kubernetes.io/name": _name(container)}},
            "spec": {
                "type": "ClusterIP",
                "ports": [{"port": container.port, "protocol": "TCP", "targetPort": container.port}],
                "selector": {"app.kubernetes.io/name": _name(container)},
            },
        }
        for container in containers
        if container.port
    ]


def claims(containers: Iterable[Container]) -> list[dict[str, Any]]:
    """A volume each."""
    return [
        {
            "apiVersion": "v1",
            "kind": "PersistentVolumeClaim",
            "metadata": {"name": _name(container), "labels": {"app.kubernetes.io/component": "volume"}},
            "spec": {
                "accessModes": ["ReadWriteOnce"],
                "resources": {"requests": {"storage": "50Gi" if container.name == "clickhouse" else "2Gi"}},
            },
        }
        for container in containers
    ]


def k8s_jobs(config: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The Job that Tutor copies for each job of `tutor k8s do`."""
    environment = [{"name": name, "value": value} for name, value in cli_environment(config).items()]
    return [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "aspects-job", "labels": {"app.kubernetes.io/component": "job"}},
            "spec": {
                "template": {
                    "spec": {
                        "restartPolicy": "Never",
                        "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "fsGroup": 1000},
                        "containers": [
                            {
                                "name": "aspects",
                                "image": config["ASPECTS_DOCKER_IMAGE_CLI"],
                                "workingDir": APP,
                                "env": environment,
                                "volumeMounts": [
                                    {"name": "files", "mountPath": place, "subPath": file}
                                    for file, place in _files_of("job").items()
                                ],
                            }
                        ],
                        "volumes": [{"name": "files", "configMap": {"name": "aspects-files"}}],
                    }
                }
            },
        }
    ]


def _name(container: Container) -> str:
    return f"aspects-{container.name}"


def as_yaml(told: Mapping[str, Any] | list[dict[str, Any]], indent: int = 0) -> str:
    """A mapping as lines of YAML, or documents with `---` before each."""
    if isinstance(told, list):
        return "".join(f"---\n{yaml.safe_dump(each, sort_keys=False, width=1000)}" for each in told)
    text = yaml.safe_dump(dict(told), sort_keys=False, width=1000)
    return "\n".join(" " * indent + line for line in text.splitlines())
