"""Browser tests: Playwright keeps an event loop in the thread that also talks to the database."""

import os

from playwright.sync_api import expect

os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")
# Not how fast a page is, but how long a busy machine may take.
expect.set_options(timeout=30_000)
