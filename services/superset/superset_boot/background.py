"""What runs beside the web process where there is a Redis: queries of charts, alerts and reports."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from typing import Any

SECONDS_OF_AN_ANSWER = 10
"""How long a chart's answer is kept: long enough to be fetched, too short to hide new statements."""


class Celery:
    """Celery's settings, in the names that Superset takes them by."""

    def __init__(self, redis: str) -> None:
        from celery.schedules import crontab

        self.broker_url = f"{redis}/0"
        self.result_backend = f"{redis}/0"
        self.broker_connection_retry_on_startup = True
        self.imports = ("superset.sql_lab", "superset.tasks.scheduler", "superset.tasks.async_queries")
        self.worker_prefetch_multiplier = 1
        self.task_acks_late = False
        self.beat_schedule = {
            "reports.scheduler": {"task": "reports.scheduler", "schedule": crontab(minute="*", hour="*")},
            "reports.prune_log": {"task": "reports.prune_log", "schedule": crontab(minute="0", hour="0")},
        }


def celery(redis: str) -> Celery:
    """What `CELERY_CONFIG` is set to."""
    return Celery(redis)


def cache(redis: str, name: str, seconds: int) -> dict[str, Any]:
    """A cache of its own in Redis."""
    return {
        "CACHE_TYPE": "RedisCache",
        "CACHE_REDIS_URL": f"{redis}/1",
        "CACHE_KEY_PREFIX": f"superset-{name}-",
        "CACHE_DEFAULT_TIMEOUT": seconds,
    }


def results(redis: str) -> Any:
    """Where SQL Lab's queries in the background leave what they found."""
    from cachelib.redis import RedisCache
    from redis import Redis

    return RedisCache(host=Redis.from_url(f"{redis}/1"), key_prefix="superset-results-")


def settings(environment: Mapping[str, str], secret_key: str) -> dict[str, Any]:
    """Async queries, and alerts and reports: a browser without a screen opens the page, mail takes the picture on."""
    redis = environment["SUPERSET_REDIS"]
    host, _, port = redis.removeprefix("redis://").partition(":")
    return {
        "GLOBAL_ASYNC_QUERIES_CACHE_BACKEND": {
            "CACHE_TYPE": "RedisCache",
            "CACHE_REDIS_HOST": host,
            "CACHE_REDIS_PORT": int(port),
            "CACHE_REDIS_DB": 2,
            "CACHE_DEFAULT_TIMEOUT": SECONDS_OF_AN_ANSWER,
        },
        # A key of its own, made from the one secret.
        "GLOBAL_ASYNC_QUERIES_JWT_SECRET": hmac.new(secret_key.encode(), b"async queries", hashlib.sha256).hexdigest(),
        "WEBDRIVER_TYPE": "chrome",
        "WEBDRIVER_OPTION_ARGS": ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        # Where Debian has it: else Selenium looks for one to download.
        "WEBDRIVER_CONFIGURATION": {"service": {"executable_path": "/usr/bin/chromedriver", "log_output": "/dev/null"}},
        "WEBDRIVER_BASEURL": environment.get("SUPERSET_INSIDE", ""),
        "WEBDRIVER_BASEURL_USER_FRIENDLY": environment.get("PUBLIC_URL", ""),
        "ALERT_REPORTS_NOTIFICATION_DRY_RUN": not environment.get("SMTP_HOST"),
        "SMTP_HOST": environment.get("SMTP_HOST", ""),
        "SMTP_PORT": int(environment.get("SMTP_PORT") or 25),
        "SMTP_STARTTLS": environment.get("SMTP_STARTTLS") == "True",
        "SMTP_SSL": False,
        "SMTP_USER": environment.get("SMTP_USER", ""),
        "SMTP_PASSWORD": environment.get("SMTP_PASSWORD", ""),
        "SMTP_MAIL_FROM": environment.get("SMTP_FROM", ""),
    }
