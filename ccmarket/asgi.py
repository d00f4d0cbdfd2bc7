"""HTTP and WebSocket entry point."""

from __future__ import annotations

import os
import warnings

# WhiteNoise hands out files as synchronous iterators. They are small and few: Django reads them in
# a thread, which is what the warning is about.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")

import django  # noqa: E402

django.setup(set_prefix=False)

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from apps.orderbook.feed.routing import websocket_urlpatterns  # noqa: E402
from ccmarket.body_limit import BodyLimit  # noqa: E402
from ccmarket.handler import ThreadedHandler  # noqa: E402
from ccmarket.memory import memory_settle  # noqa: E402

application = ProtocolTypeRouter(
    {"http": BodyLimit(ThreadedHandler()), "websocket": URLRouter(websocket_urlpatterns)}
)

memory_settle()
