"""A key with all that a request needs to know of it, in one query.

Nothing is remembered between requests: a key that was revoked a moment ago is not found.
"""

from __future__ import annotations

from typing import Final

from apps.accounts.ledger.models import Owner
from apps.accounts.models import ApiKey, User
from apps.accounts.rows import Rows

_ROWS: Final = Rows(key=ApiKey, person=User, owner=Owner)
_FIND: Final = f"""
SELECT {_ROWS.columns}, (
    SELECT member.role FROM accounts_membership member
    WHERE member.user_id = key.user_id AND member.organisation_id = owner.organisation_id
)
FROM accounts_apikey key
JOIN accounts_user person ON person.id = key.user_id AND person.is_active
JOIN accounts_owner owner ON owner.id = key.owner_id
WHERE key.key = %s AND key.revoked_at IS NULL
"""  # noqa: S608


def key_find(text: str) -> ApiKey | None:
    """The key of that name unless it was revoked or its person may not sign in.

    Its `user` and `owner` are loaded; `role` is the person's in the owner's organisation.
    """
    if not (text.isascii() and text.isprintable()):
        return None
    found = _ROWS.find(_FIND, [text])
    if found is None:
        return None
    key: ApiKey
    key, key.user, key.owner, key.role = found  # type: ignore[attr-defined]
    return key
