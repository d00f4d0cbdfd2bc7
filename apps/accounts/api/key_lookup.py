"""A key with all that a request needs to know of it, in one query.

Nothing is remembered between requests: a key that was revoked a moment ago is not found.
Requests that come at the same moment are looked up together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from apps.accounts.ledger.models import Owner
from apps.accounts.models import ApiKey, User
from apps.accounts.rows import Rows, array, rows_of
from apps.accounts.together import Together

_ROWS: Final = Rows(key=ApiKey, person=User, owner=Owner)
_KEY: Final = [field.attname for field in ApiKey._meta.concrete_fields].index("key")
_FIND: Final = f"""
SELECT {_ROWS.columns}, (
    SELECT member.role FROM accounts_membership member
    WHERE member.user_id = key.user_id AND member.organisation_id = owner.organisation_id
      AND (NOT member.is_limited OR EXISTS (
          SELECT FROM accounts_membershipaccount own
          WHERE own.membership_id = member.id AND own.account_id = owner.id
      ))
)
FROM accounts_apikey key
JOIN accounts_user person ON person.id = key.user_id AND person.is_active
JOIN accounts_owner owner ON owner.id = key.owner_id
WHERE key.key = ANY(%s::text[]) AND key.revoked_at IS NULL
"""  # noqa: S608


def key_find(text: str) -> ApiKey | None:
    """The key of that name unless it was revoked or its person may not sign in.

    Its `user` and `owner` are loaded; `role` is the person's where they may act for the owner.
    """
    if not (text.isascii() and text.isprintable()):
        return None
    return _keys.ask(text)


def _find(texts: Sequence[str]) -> list[ApiKey | None]:
    rows = {row[_KEY]: row for row in rows_of(_FIND, [array(set(texts))])}
    return [_made(rows[text]) if text in rows else None for text in texts]


def _made(row: Sequence[Any]) -> ApiKey:
    """One for each request: what it says of the person and the owner is the request's own."""
    key: ApiKey
    key, key.user, key.owner, key.role = _ROWS.read(row)  # type: ignore[attr-defined]
    return key


_keys: Final = Together(_find)
