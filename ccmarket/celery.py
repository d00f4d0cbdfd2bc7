"""The Celery application. Tasks are wake-ups: they carry a primary key, rows are the truth."""

from __future__ import annotations

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")

app = Celery("ccmarket")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
