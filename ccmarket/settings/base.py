"""Applications, database, templates, languages, static files."""

from __future__ import annotations

import sys
from pathlib import Path

import dj_database_url

from ccmarket import env

BASE_DIR = Path(__file__).resolve().parent.parent.parent
VAR_DIR = Path(env.text("CCMARKET_VAR", str(BASE_DIR / "var")))

DEBUG = env.flag("DJANGO_DEBUG", default=False)

INSTALLED_APPS = [
    "unfold",
    "ccmarket.admin_app.LateAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "channels",
    "django_countries",
    "django_filters",
    "django_htmx",
    "django_prometheus",
    "django_structlog",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "oauth2_provider",
    "apps.accounts",
    "apps.registry",
    "apps.orderbook",
    "apps.nft",
    "ccmarket",
]

MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "ccmarket.middleware.RequestLogMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ccmarket.middleware.PageCSPMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.accounts.middleware.RecordedAsMiddleware",
    "apps.accounts.limits.throttle.RateLimitHeaders",
    "apps.accounts.middleware.ServiceErrorMiddleware",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]
# What of it there is for a program that calls the API: it has no session and fills in no form.
API_MIDDLEWARE = [
    "django_prometheus.middleware.PrometheusBeforeMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "ccmarket.middleware.RequestLogMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "ccmarket.middleware.PageCSPMiddleware",
    "apps.accounts.limits.throttle.RateLimitHeaders",
    "django_prometheus.middleware.PrometheusAfterMiddleware",
]

ROOT_URLCONF = "ccmarket.urls"
ASGI_APPLICATION = "ccmarket.asgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

_database = dj_database_url.parse(env.text("DATABASE_URL", "postgresql://localhost/ccmarket"))
_database["OPTIONS"] = {
    **_database.get("OPTIONS", {}),
    "application_name": env.text("CCMARKET_PROCESS", "ccmarket"),
    # Statements are prepared where it is asked for (`accounts.rows`), and never because they were
    # repeated. Without a number here Django forbids it altogether.
    "prepare_threshold": sys.maxsize,
}
# Append-only tables refuse TRUNCATE, which is how a test database is emptied between tests.
if env.flag("DATABASE_ALLOW_TRUNCATE", default=False):
    _database["OPTIONS"]["options"] = "-c ccmarket.allow_truncate=on"
# How many requests a web process carries out at once; most of them wait for the engine.
WEB_THREADS = env.number("WEB_THREADS", 200)
# A web process serves each request from its own thread: there a pool keeps connections few.
if _pool_max := env.number("DATABASE_POOL_MAX", 0):
    _database["OPTIONS"]["pool"] = {"min_size": 1, "max_size": _pool_max, "timeout": 10}
DATABASES = {"default": _database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", "English"), ("zh-hans", "简体中文")]
LOCALE_PATHS = [BASE_DIR / "locale"]
FORMAT_MODULE_PATH = ["ccmarket.formats"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = VAR_DIR / "static"
NODE_MODULES = BASE_DIR / "node_modules"
STATICFILES_DIRS = [
    BASE_DIR / "static",
    *(
        (f"vendor/{name}", NODE_MODULES / package / "dist")
        for name, package in (
            ("bootstrap", "bootstrap"),
            ("htmx", "htmx.org"),
            ("charts", "lightweight-charts"),
        )
        if (NODE_MODULES / package / "dist").is_dir()
    ),
]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
WHITENOISE_USE_FINDERS = True
MEDIA_ROOT = VAR_DIR / "media"

REDIS_URL = env.text("REDIS_URL", "redis://localhost:6379/0")
CACHES = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": REDIS_URL}
}

CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
