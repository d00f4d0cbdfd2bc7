"""How many grams of a class are where. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.db import connection

from apps.registry.models import CreditClass

STANDINGS = """
SELECT v.credit_class_id,
       sum((b."end" - b.start + 1) * 1000000)::bigint,
       coalesce(sum((SELECT sum(upper(r) - lower(r)) FROM unnest(b.free) r)), 0)::bigint,
       coalesce(sum(s.tokenised), 0)::bigint,
       coalesce(sum(s.retired), 0)::bigint
FROM registry_vintage v
-- What we retired may have left custody since: the registry has retired it too.
JOIN registry_serialblock b ON b.vintage_id = v.id AND (b.state = 'immobilised' OR (
    b.state = 'retired' AND EXISTS (
        SELECT FROM registry_span s WHERE s.block_id = b.id AND s.state = 'retired')))
LEFT JOIN LATERAL (
    SELECT sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE s.state = 'tokenised') AS tokenised,
           sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE s.state = 'retired') AS retired
    FROM registry_span s WHERE s.block_id = b.id
) s ON true
WHERE v.credit_class_id = ANY (%s)
GROUP BY v.credit_class_id
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """Grams of a class: received into custody and not withdrawn; of these free, out, and retired.

    What is free backs the balances; `received` less the others is reserved for withdrawals.
    """

    received_grams: int = 0
    free_grams: int = 0
    tokenised_grams: int = 0
    retired_grams: int = 0


def standings_of(classes: Collection[CreditClass]) -> dict[int, Standing]:
    """The standing of each class by its primary key; classes without blocks here are left out."""
    with connection.cursor() as cursor:
        cursor.execute(STANDINGS, [[credit_class.pk for credit_class in classes]])
        return {class_id: Standing(*grams) for class_id, *grams in cursor.fetchall()}


def free_grams(credit_class: CreditClass) -> int:
    """Grams of the class that are in custody and in no span."""
    return standings_of([credit_class]).get(credit_class.pk, Standing()).free_grams
