"""Keys, cookies, headers. Safe unless DJANGO_DEBUG or an explicit variable says otherwise."""

from __future__ import annotations

from urllib.parse import urlsplit

from csp.constants import NONCE, NONE, SELF

from ccmarket import env
from ccmarket.settings.base import DEBUG

BASE_URL = env.text("BASE_URL", "http://localhost:8000").rstrip("/")
_HOST = urlsplit(BASE_URL).hostname or "localhost"
_HTTPS = BASE_URL.startswith("https://")

# Only a process that faces nobody but this machine may run with known keys.
_LOCAL = not _HTTPS and _HOST in {"localhost", "127.0.0.1"}
_LOCAL_KEY = "local-only-" + "0123456789abcdef" * 4 if _LOCAL else None

SECRET_KEY = env.text("SECRET_KEY", _LOCAL_KEY)
# Fernet keys that encrypt API secrets, newest first; 32 bytes in urlsafe base64, comma separated.
_LOCAL_FERNET_KEY = "bG9jYWwtb25seS1sb2NhbC1vbmx5LWxvY2FsLW9ubHk=" if _LOCAL else None
ENCRYPTION_KEYS = env.text("ENCRYPTION_KEYS", _LOCAL_FERNET_KEY).replace(" ", "").split(",")

ALLOWED_HOSTS = env.listing("ALLOWED_HOSTS", f"{_HOST},localhost,127.0.0.1" if _LOCAL else _HOST)
CSRF_TRUSTED_ORIGINS = [BASE_URL]
SECURE_SSL_REDIRECT = _HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _HTTPS else None
SECURE_HSTS_SECONDS = 31_536_000 if _HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _HTTPS
SECURE_HSTS_PRELOAD = _HTTPS
SESSION_COOKIE_SECURE = _HTTPS
SESSION_COOKIE_HTTPONLY = True
CSRF_COOKIE_SECURE = _HTTPS
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"

_WS = BASE_URL.replace("http", "ws", 1)
CONTENT_SECURITY_POLICY = {
    "EXCLUDE_URL_PREFIXES": ("/admin/",),
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF, NONCE],
        "style-src": [SELF, "'unsafe-inline'"],
        "img-src": [SELF, "data:"],
        "connect-src": [SELF, _WS],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "form-action": [SELF],
    },
}

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["apps.accounts.backends.AccountBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.ScryptPasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "portfolio"
ACCOUNT_LOGOUT_REDIRECT_URL = "home"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*", "password2*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_ADAPTER = "apps.accounts.adapter.AccountAdapter"
ACCOUNT_SIGNUP_FORM_CLASS = "apps.accounts.forms.SignupForm"
ACCOUNT_EMAIL_VERIFICATION = (
    "mandatory" if env.flag("EMAIL_VERIFICATION", default=not DEBUG) else "none"
)
ACCOUNT_PREVENT_ENUMERATION = True
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Whether what leaves (coins, NFTs, and keys that may send them) takes a second factor, and for how
# long one is good.
WITHDRAWAL_SECOND_FACTOR = env.flag("WITHDRAWAL_SECOND_FACTOR", default=True)
SECOND_FACTOR_FRESH_S = env.number("SECOND_FACTOR_FRESH_S", 900)

EMAIL_BACKEND = env.text(
    "EMAIL_BACKEND",
    "django.core.mail.backends.console.EmailBackend"
    if _LOCAL
    else "django.core.mail.backends.smtp.EmailBackend",
)
EMAIL_HOST = env.text("EMAIL_HOST", "localhost")
EMAIL_PORT = env.number("EMAIL_PORT", 25)
DEFAULT_FROM_EMAIL = env.text("DEFAULT_FROM_EMAIL", f"ccmarket@{_HOST}")
