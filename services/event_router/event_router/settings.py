"""The Django settings that event-routing-backends needs outside an LMS; no database, no web server."""

import os
import sys

from event_routing_backends.settings import common

LMS_ROOT_URL = os.environ.get("ASPECTS_LMS_URL", "http://localhost:18000")
# Asked for by models that are never used: nothing is signed or encrypted here.
SECRET_KEY = "unused"  # noqa: S105  # no secret
FERNET_KEYS = [SECRET_KEY]
AUTH_USER_MODEL = "event_router.Learner"
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "config_models",
    "celery_utils",
    "eventtracking.django.apps.EventTrackingConfig",
    "event_routing_backends",
    "event_router",
]
DATABASES: dict[str, object] = {}
EVENT_TRACKING_PROCESSORS: list[object] = []
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING_CONFIG = None

common.plugin_settings(sys.modules[__name__])
XAPI_EVENT_LOGGING_ENABLED = False
