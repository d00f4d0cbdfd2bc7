"""What must always be true of verifications, recomputed from their rows."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

# Until the day of an approval by two people that was not ended.
VERIFIED_BY_TWO = """
SELECT g.id, g.verified_until FROM accounts_organisation g
WHERE g.verified_until IS NOT NULL AND NOT EXISTS (
    SELECT FROM accounts_verification v
    JOIN accounts_verificationoutcome o ON o.verification_id = v.id
    WHERE v.organisation_id = g.id AND v.state = 'approved' AND o.decision = 'approved'
      AND o.outcome = 'approve' AND o.valid_until = g.verified_until
      AND o.decided_by_id <> o.proposed_by_id
)
ORDER BY g.id
"""

DECIDED_AS_FOUND = """
SELECT v.id, v.state FROM accounts_verification v
WHERE v.state IN ('approved', 'refused', 'more') AND v.state <> coalesce((
    SELECT CASE o.outcome WHEN 'approve' THEN 'approved' WHEN 'refuse' THEN 'refused'
           ELSE 'more' END
    FROM accounts_verificationoutcome o
    WHERE o.verification_id = v.id AND o.decision = 'approved'
    ORDER BY o.decided_at DESC LIMIT 1
), '')
ORDER BY v.id
"""


def verified_organisations_were_approved() -> Iterator[str]:
    """Nobody is verified whom two members of staff have not approved, until just that day."""
    with connection.cursor() as cursor:
        cursor.execute(VERIFIED_BY_TWO)
        for organisation, until in cursor.fetchall():
            yield f"organisation {organisation}: verified until {until}, which nobody approved"


def verifications_are_what_was_decided() -> Iterator[str]:
    """The state of a verification is what its last decided outcome says."""
    with connection.cursor() as cursor:
        cursor.execute(DECIDED_AS_FOUND)
        for verification, state in cursor.fetchall():
            yield f"verification {verification}: {state}, which is not what was decided"
