"""Programs of others that act for people, as far as those consented (OAuth 2: RFC 6749, 9700)."""
