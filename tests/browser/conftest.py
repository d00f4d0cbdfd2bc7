"""Browser tests: Playwright keeps an event loop in the thread that also talks to the database."""

import os

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
