"""Superset's settings. Superset imports this module by its name; every value of the machine comes from the environment.

SUPERSET_SECRET_KEY signs sessions and encrypts stored passwords, SUPERSET_STATE is the folder of everything that
Superset writes: metadata database, caches, uploads. With SUPERSET_DATABASE (an address of Postgres) the metadata is
there instead; with SUPERSET_REDIS (`redis://host:6379`) caches and work in the background are.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from pathlib import Path

from babel import Locale
from babel.core import get_global
from sqlalchemy.dialects import registry
from superset_boot import background, sign_in
from superset_boot.access import SecurityManager, can_view_courses, guest_token_names_a_course
from superset_boot.connections import reuse_connections
from superset_boot.health import blueprint
from superset_boot.logs import StandardOutput

STATE = Path(os.environ["SUPERSET_STATE"])
SECRET_KEY = os.environ["SUPERSET_SECRET_KEY"]

# --- Where things are kept

DATA_DIR = str(STATE)
UPLOAD_FOLDER = str(STATE / "uploads") + "/"
SQLALCHEMY_DATABASE_URI = os.environ.get("SUPERSET_DATABASE") or f"sqlite:///{STATE / 'superset.db'}"
# A writer waits for another one instead of failing: `assets.sync` writes while Superset serves.
SQLALCHEMY_ENGINE_OPTIONS = {} if os.environ.get("SUPERSET_DATABASE") else {"connect_args": {"timeout": 30}}
ALEMBIC_SKIP_LOG_CONFIG = True

# --- Caches

# Names of schemas and tables, functions of the engine: on disk, so that an import by another process can empty it.
CACHE_CONFIG = {
    "CACHE_TYPE": "FileSystemCache",
    "CACHE_DIR": str(STATE / "cache"),
    "CACHE_DEFAULT_TIMEOUT": 300,
    "CACHE_THRESHOLD": 2000,
}
# A statement must be in a chart within seconds, and the warehouse answers fast: chart data is never cached.
DATA_CACHE_CONFIG = {"CACHE_TYPE": "NullCache"}
REDIS = os.environ.get("SUPERSET_REDIS", "")
if REDIS:
    CACHE_CONFIG = background.cache(REDIS, "names", 300)
    # A worker leaves the answer of a chart here, and the page fetches it.
    DATA_CACHE_CONFIG = background.cache(REDIS, "data", background.SECONDS_OF_AN_ANSWER)
    RESULTS_BACKEND = background.results(REDIS)
# The state of filters and of charts being explored stays in the metadata database (Superset's default), so that the
# links people share survive a restart.

# --- Features

FEATURE_FLAGS = {
    "ENABLE_TEMPLATE_PROCESSING": True,
    "DASHBOARD_RBAC": True,
    "EMBEDDED_SUPERSET": True,
    "ALERT_REPORTS": bool(REDIS),
    "GLOBAL_ASYNC_QUERIES": bool(REDIS),
}
JINJA_CONTEXT_ADDONS = {"can_view_courses": can_view_courses}
# Without Redis there is one process, and nothing runs in the background.
CELERY_CONFIG = background.celery(REDIS) if REDIS else None
globals().update(background.settings(os.environ, SECRET_KEY) if REDIS else {})

# --- Queries

ROW_LIMIT = 10_000
SQL_MAX_ROW = 100_000
DEFAULT_SQLLAB_LIMIT = 1_000
SQLLAB_TIMEOUT = 30
SQLLAB_CTAS_NO_LIMIT = False
SUPERSET_WEBSERVER_TIMEOUT = 60
SQLLAB_PAYLOAD_MAX_MB = 50

DB_CONNECTION_MUTATOR = reuse_connections
registry.register("clickhousedb", "superset_boot.connections", "Dialect")

# --- Who sees which rows, and sign-in

CUSTOM_SECURITY_MANAGER = SecurityManager
SESSION_COOKIE_SECURE = False
globals().update(sign_in.settings(os.environ))

# --- Sessions

# Cookies do not tell ports apart: a name of our own keeps the session of an LMS on the same host alive.
SESSION_COOKIE_NAME = "aspects_superset"
SESSION_COOKIE_SAMESITE = "Lax"
RATELIMIT_ENABLED = True
RATELIMIT_STORAGE_URI = "memory://"
# Only sign-in is limited: one dashboard page asks for more than fifty files in its first second.
RATELIMIT_APPLICATION = None
AUTH_RATE_LIMITED = True
AUTH_RATE_LIMIT = "10 per second"
FAB_ADD_SECURITY_API = True  # users and roles over REST
GUEST_ROLE_NAME = "Embedded"
# A key of its own, made from the one secret: a guest token can never pass for a session.
GUEST_TOKEN_JWT_AUDIENCE = "aspects-superset"  # noqa: S105  # a name, no token
GUEST_TOKEN_VALIDATOR_HOOK = guest_token_names_a_course
GUEST_TOKEN_JWT_SECRET = hmac.new(SECRET_KEY.encode(), b"guest tokens", hashlib.sha256).hexdigest()

# --- What a browser may load: this server, and nothing else

# Sites that may show the embedded dashboards.
EMBED_ORIGINS = os.environ.get("EMBED_ORIGINS", "").split()

TALISMAN_ENABLED = True
TALISMAN_CONFIG = {
    "content_security_policy": {
        "frame-ancestors": ["'self'", *EMBED_ORIGINS],
        "base-uri": ["'self'"],
        "default-src": ["'self'"],
        "img-src": ["'self'", "blob:", "data:"],
        "worker-src": ["'self'", "blob:"],
        "connect-src": ["'self'"],
        "object-src": "'none'",
        "style-src": ["'self'", "'unsafe-inline'"],
        "font-src": ["'self'", "data:"],
        "script-src": ["'self'", "'strict-dynamic'"],
    },
    "content_security_policy_nonce_in": ["script-src"],
    # The server speaks plain HTTP on the local machine; whatever stands in front of it adds HTTPS.
    "force_https": False,
    "session_cookie_secure": SESSION_COOKIE_SECURE,
}
ENABLE_CORS = False
THEME_FONT_URL_ALLOWED_DOMAINS: list[str] = []
DECKGL_BASE_MAP = None
MAPBOX_API_KEY = ""
PREVENT_UNSAFE_DB_CONNECTIONS = True
DATASET_IMPORT_ALLOWED_DATA_URLS: list[str] = []

# --- Log

LOGGING_CONFIGURATOR = StandardOutput()

# --- Looks

BABEL_DEFAULT_LOCALE = "en"
# The languages that the menu offers; with none but English there is no menu.
LOCALES = [code for code in os.environ.get("SUPERSET_LOCALES", "").split(",") if code]
LANGUAGES = {
    code: {
        "flag": get_global("likely_subtags").get(code, code)[-2:].lower(),
        "name": Locale.parse(code).get_display_name(),
    }
    for code in (["en", *LOCALES] if LOCALES else [])
}
APP_NAME = "Aspects"
APP_ICON = "/aspects/static/logo.svg"
LOGO_TARGET_PATH = "/dashboard/list/"
LOGO_TOOLTIP = "All dashboards"
FAVICONS = [{"href": "/aspects/static/icon.svg", "type": "image/svg+xml"}]
WELCOME_PAGE_LAST_TAB = "all"

THEME_DEFAULT = {
    "token": {
        "brandAppName": APP_NAME,
        "brandLogoAlt": APP_NAME,
        "brandLogoUrl": APP_ICON,
        "brandLogoMargin": "16px 0",
        "brandLogoHref": LOGO_TARGET_PATH,
        "brandLogoHeight": "26px",
        "brandSpinnerUrl": None,
        "brandSpinnerSvg": (Path(__file__).parent / "superset_boot" / "static" / "spinner.svg").read_text(),
        "colorPrimary": "#1450B4",
        "colorLink": "#1450B4",
        "colorError": "#9C2808",
        "colorWarning": "#E69A08",
        "colorSuccess": "#00AE73",
        "colorInfo": "#1450B4",
        "borderRadius": 6,
        "fontUrls": [],
        "fontFamily": "Inter, 'Segoe UI', Helvetica, Arial, sans-serif",
        "fontFamilyCode": "'IBM Plex Mono', Menlo, Consolas, monospace",
        "transitionTiming": 0.3,
        "brandIconMaxWidth": 160,
        "fontSizeXS": "8",
        "fontSizeXXL": "28",
        "fontWeightNormal": "400",
        "fontWeightLight": "300",
        "fontWeightStrong": "500",
        "fontWeightBold": "700",
        "colorEditorSelection": "#E3ECFA",
    },
    "algorithm": "default",
}
# The colours of the charts are chosen on white.
THEME_DARK = None
ENABLE_UI_THEME_ADMINISTRATION = False

EXTRA_CATEGORICAL_COLOR_SCHEMES = [
    {
        "id": "aspects",
        "label": "Aspects",
        "description": (
            "Seven colours that stay apart (CIE76 distance of 20 or more between any two) with normal sight and with "
            "each kind of colour blindness, and from the white behind them."
        ),
        "isDefault": True,
        "colors": ["#1450B4", "#E69A08", "#00AE73", "#9C2808", "#72A4EE", "#C78FB8", "#4A435A"],
    }
]
EXTRA_SEQUENTIAL_COLOR_SCHEMES = [
    {
        "id": "aspects_sequential",
        "label": "Aspects, light to dark",
        "description": "One hue whose lightness falls evenly: order is readable without seeing colour.",
        "isDiverging": False,
        "isDefault": True,
        "colors": ["#EAF1FC", "#C3D7F6", "#9ABBEE", "#6F9DE2", "#4379CD", "#1450B4", "#0C3580", "#061D4C"],
    }
]

# --- Health, and the few files of our own

BLUEPRINTS = [blueprint]
