"""HTTP and WebSocket entry point."""

from __future__ import annotations

import os
import warnings

# WhiteNoise hands out files as synchronous iterators. They are small and few: Django reads them in
# a thread, which is what the warning is about.
warnings.filterwarnings("ignore", message="StreamingHttpResponse must consume synchronous")

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "ccmarket.settings")

from django.core.asgi import get_asgi_application  # noqa: E402

django_application = get_asgi_application()

from channels.routing import ProtocolTypeRouter, URLRouter  # noqa: E402

from apps.orderbook.feed.routing import websocket_urlpatterns  # noqa: E402
from ccmarket.body_limit import BodyLimit  # noqa: E402

application = ProtocolTypeRouter(
    {"http": BodyLimit(django_application), "websocket": URLRouter(websocket_urlpatterns)}
)
