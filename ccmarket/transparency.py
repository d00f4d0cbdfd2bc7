"""The public sums: what is in custody, where it stands on the ledger, and that both agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from apps.accounts.ledger.services import BRIDGE, CUSTODY, POOL, RETIRED
from apps.nft.selectors.pool import pool_state

# One statement, so that all its figures are of the same moment.
_CLASSES = """
WITH ledger AS (
    SELECT b.asset_id,
        -sum(b.available + b.held) FILTER (WHERE o.platform_name = %(custody)s) AS issued,
        sum(b.available + b.held) FILTER (WHERE o.platform_name = %(pool)s) AS pooled,
        sum(b.available + b.held) FILTER (WHERE o.platform_name = %(bridge)s) AS bridged,
        sum(b.available + b.held) FILTER (WHERE o.platform_name = %(retired)s) AS retired,
        sum(b.available + b.held) FILTER (
            WHERE o.platform_name IS NULL OR o.platform_name NOT IN
                (%(custody)s, %(pool)s, %(bridge)s, %(retired)s)) AS balances
    FROM accounts_balance b JOIN accounts_owner o ON o.id = b.owner_id
    GROUP BY b.asset_id
), blocks AS (
    SELECT v.credit_class_id, sum(k."end" - k.start + 1) * 1000000 AS received
    FROM registry_serialblock k JOIN registry_vintage v ON v.id = k.vintage_id
    -- What was retired here stays counted when the registry has retired it too.
    WHERE k.state = 'immobilised' OR (k.state = 'retired' AND EXISTS (
        SELECT FROM registry_span s WHERE s.block_id = k.id AND s.state = 'retired'))
    GROUP BY v.credit_class_id
), spans AS (
    SELECT v.credit_class_id,
        sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE s.state = 'retired') AS retired,
        sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE s.state = 'tokenised') AS tokenised
    FROM registry_span s JOIN registry_serialblock k ON k.id = s.block_id
    JOIN registry_vintage v ON v.id = k.vintage_id
    GROUP BY v.credit_class_id
), minting AS (
    SELECT credit_class_id, sum(amount_grams) AS grams FROM nft_bridgeintent
    WHERE state NOT IN ('final', 'failed') GROUP BY credit_class_id
)
SELECT c.code, p.name, blocks.received::bigint, ledger.issued::bigint, ledger.balances::bigint,
    ledger.pooled::bigint, ledger.bridged::bigint, ledger.retired::bigint,
    spans.retired::bigint, spans.tokenised::bigint, minting.grams::bigint
FROM registry_creditclass c
JOIN registry_project p ON p.id = c.project_id
JOIN blocks ON blocks.credit_class_id = c.id
LEFT JOIN ledger ON ledger.asset_id = c.asset_id
LEFT JOIN spans ON spans.credit_class_id = c.id
LEFT JOIN minting ON minting.credit_class_id = c.id
ORDER BY c.code
"""


@dataclass(frozen=True, slots=True)
class ClassSums:
    """Grams of one credit class, counted in the registry's blocks and again on the ledger.

    `received` is what the registry moved into our account; the ledger issued as much, and splits
    it into balances, pool, bridge and retired. Spans count retired and tokenised grams by serial;
    a mint under way has its span already while its grams are still a balance.
    """

    code: str
    project: str
    received: int
    issued: int
    balances: int
    pooled: int
    bridged: int
    retired: int
    spans_retired: int
    spans_tokenised: int
    minting: int

    @property
    def adds_up(self) -> bool:
        return (
            self.received == self.issued
            and self.issued == self.balances + self.pooled + self.bridged + self.retired
            and self.spans_retired == self.retired
            and self.spans_tokenised == self.bridged + self.minting
        )


@dataclass(frozen=True, slots=True)
class Transparency:
    """Every class, the sums over all of them, and CC beside its backing."""

    classes: list[ClassSums]
    total: ClassSums
    cc_supply: int
    cc_backing: int

    @property
    def adds_up(self) -> bool:
        return self.cc_supply == self.cc_backing and all(item.adds_up for item in self.classes)


def transparency() -> Transparency:
    """The public sums now."""
    names = {"custody": CUSTODY, "pool": POOL, "bridge": BRIDGE, "retired": RETIRED}
    with connection.cursor() as cursor:
        cursor.execute(_CLASSES, names)
        classes = [_sums(*row) for row in cursor.fetchall()]
    columns = ([getattr(item, name) for item in classes] for name in ClassSums.__slots__[2:])
    pool = pool_state()
    return Transparency(
        classes=classes,
        total=ClassSums("", "", *(sum(column) for column in columns)),
        cc_supply=pool.supply_grams,
        cc_backing=pool.backing_grams,
    )


def _sums(code: str, project: str, *grams: Any) -> ClassSums:
    return ClassSums(code, project, *(value or 0 for value in grams))
