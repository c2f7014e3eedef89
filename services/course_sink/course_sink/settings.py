"""The Django settings that platform-plugin-aspects needs outside an LMS: our models in place of the LMS's."""

import os

SECRET_KEY = "unused"  # noqa: S105 - nothing is signed here
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "waffle", "course_sink"]
# Nothing is kept: the database is there for who runs the sinks as a live LMS does, by the ids of saved rows.
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("COURSE_SINK_DATABASE", ":memory:"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None
FEATURES: dict[str, bool] = {}

EVENT_SINK_CLICKHOUSE_BACKEND_CONFIG = {
    "url": os.environ.get("COURSE_SINK_CLICKHOUSE", "http://127.0.0.1:8123"),
    "username": os.environ.get("COURSE_SINK_USER", "sink"),
    "password": os.environ.get("COURSE_SINK_PASSWORD", ""),
    "database": "event_sink",
    "timeout_secs": 60,
}
EVENT_SINK_CLICKHOUSE_PII_MODELS = ["user_profile", "external_id"]
EVENT_SINK_CLICKHOUSE_MODEL_CONFIG = {
    "auth_user": {"module": "django.contrib.auth.models", "model": "User"},
    **{
        name: {"module": "course_sink.models", "model": model}
        for name, model in {
            "course_overviews": "CourseOverview",
            "course_enrollment": "CourseEnrollment",
            "user_profile": "UserProfile",
            "external_id": "ExternalId",
            "tag": "Tag",
            "taxonomy": "Taxonomy",
            "object_tag": "ObjectTag",
        }.items()
    },
}
