"""Django settings, all from the environment (docs/operations.md lists every variable)."""

from ccmarket.settings.base import *  # noqa: F403
from ccmarket.settings.logs import *  # noqa: F403
from ccmarket.settings.product import *  # noqa: F403
from ccmarket.settings.security import *  # noqa: F403
