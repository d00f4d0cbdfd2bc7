"""The product's settings, with a bare view beside its own and limits that no benchmark meets."""

from ccmarket.settings import *  # noqa: F403

ROOT_URLCONF = "benchmarks.web.urls"
API_LIMIT_KEY_PER_S = API_LIMIT_KEY_BURST = 1_000_000
API_LIMIT_ADDRESS_PER_S = API_LIMIT_ADDRESS_BURST = 1_000_000
