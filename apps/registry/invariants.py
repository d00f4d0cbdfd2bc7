"""What must always be true of the registry, recomputed from its rows.

Each function yields one line for each thing that is broken and nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db import connection

SPANS_OUTSIDE = """
SELECT s.id, s.grams, b.serial FROM registry_span s JOIN registry_serialblock b ON b.id = s.block_id
WHERE NOT registry_block_grams(b) @> s.grams
   -- What left custody stays where it left from; the registry may retire what was withdrawn.
   OR NOT (b.state = 'immobilised' OR b.state = s.state
           OR (b.state = 'retired' AND s.state = 'withdrawn'))
ORDER BY s.id
"""

FREE_DIFFERS = """
SELECT b.serial, b.free, int8multirange(registry_block_grams(b)) - coalesce(taken.grams, '{}')
FROM registry_serialblock b
LEFT JOIN (SELECT block_id, range_agg(grams) AS grams FROM registry_span GROUP BY block_id) taken
    ON taken.block_id = b.id
WHERE CASE b.state WHEN 'immobilised'
      THEN b.free IS DISTINCT FROM
           int8multirange(registry_block_grams(b)) - coalesce(taken.grams, '{}')
      ELSE b.free IS NOT NULL END
ORDER BY b.id
"""

# Per class: grams in custody, free ones and those in spans there; retired ones, which may have left
# custody since with their block; beside them the balances.
CLASSES = """
WITH blocks AS (
    SELECT v.credit_class_id AS class, sum(upper(g.r) - lower(g.r)) AS immobilised,
           sum((SELECT sum(upper(r) - lower(r)) FROM unnest(b.free) r)) AS free
    FROM registry_serialblock b JOIN registry_vintage v ON v.id = b.vintage_id,
         registry_block_grams(b) AS g (r)
    WHERE b.state = 'immobilised' GROUP BY v.credit_class_id
), spans AS (
    SELECT v.credit_class_id AS class,
           sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE b.state = 'immobilised') AS spans,
           sum(upper(s.grams) - lower(s.grams)) FILTER (
               WHERE s.state IN ('tokenised', 'reserved')) AS out,
           sum(upper(s.grams) - lower(s.grams)) FILTER (WHERE s.state = 'retired') AS retired
    FROM registry_span s JOIN registry_serialblock b ON b.id = s.block_id
    JOIN registry_vintage v ON v.id = b.vintage_id GROUP BY v.credit_class_id
), balances AS (
    SELECT b.asset_id, -sum(b.available + b.held) FILTER (WHERE o.platform_name = 'custody')
               AS custody,
           sum(b.available + b.held) FILTER (WHERE o.platform_name = 'retired') AS retired
    FROM accounts_balance b JOIN accounts_owner o ON o.id = b.owner_id GROUP BY b.asset_id
)
SELECT c.code, coalesce(blocks.immobilised, 0), coalesce(blocks.free, 0),
       coalesce(spans.spans, 0), coalesce(spans.out, 0), coalesce(spans.retired, 0),
       coalesce(balances.custody, 0), coalesce(balances.retired, 0)
FROM registry_creditclass c
LEFT JOIN blocks ON blocks.class = c.id
LEFT JOIN spans ON spans.class = c.id
LEFT JOIN balances ON balances.asset_id = c.asset_id
ORDER BY c.code
"""

RETIREMENTS = """
SELECT r.number, r.amount_grams, coalesce(sum(upper(s.grams) - lower(s.grams)), 0)
FROM registry_retirement r LEFT JOIN registry_span s ON s.retirement_id = r.id
GROUP BY r.id HAVING r.amount_grams <> coalesce(sum(upper(s.grams) - lower(s.grams)), 0)
ORDER BY r.id
"""

VINTAGES = """
SELECT p.code, v.start, v."end", sum(b."end" - b.start + 1), v.issued_tonnes
FROM registry_vintage v JOIN registry_project p ON p.id = v.project_id
JOIN registry_serialblock b ON b.vintage_id = v.id
GROUP BY v.id, p.code HAVING sum(b."end" - b.start + 1) > v.issued_tonnes ORDER BY v.id
"""

BLOCKS_WITHOUT_RECEIPT = """
SELECT b.serial FROM registry_serialblock b
WHERE b.state = 'immobilised' AND NOT EXISTS (
    SELECT FROM registry_custodyreceipt r
    WHERE r.grams @> registry_block_grams(b) AND r.decision = 'approved')
ORDER BY b.id
"""

BLOCKS_MISPLACED = """
SELECT b.serial FROM registry_serialblock b JOIN registry_serialseries s ON s.id = b.series_id
WHERE b.base <> s.first_gram + b.start * 1000000 OR b."end" >= s.window_tonnes ORDER BY b.id
"""

WINDOWS_SHARED = """
SELECT s.key FROM (
    SELECT key, first_gram, lag(first_gram + window_tonnes * 1000000) OVER (ORDER BY first_gram)
        AS free_from FROM registry_serialseries
) s WHERE s.first_gram < s.free_from ORDER BY s.first_gram
"""

# Items never overlap: the database's exclusion constraint says so.
WORK = """
WITH items AS (
    SELECT range_agg(grams) AS listed,
           coalesce(range_agg(grams) FILTER (WHERE state <> 'filling'), '{}') AS whole
    FROM registry_registryretirement
), spans AS (SELECT range_agg(grams) AS retired FROM registry_span WHERE state = 'retired')
SELECT 'retired grams on no list', coalesce(retired, '{}') - coalesce(listed, '{}')
FROM items, spans WHERE coalesce(retired, '{}') - coalesce(listed, '{}') <> '{}'
UNION ALL
SELECT 'grams to be retired at the registry, or retired there, that are not retired here',
       whole - coalesce(retired, '{}') FROM items, spans
WHERE whole - coalesce(retired, '{}') <> '{}'
UNION ALL
SELECT CASE i.state WHEN 'filling' THEN 'an item still filling, although its tonne is '
       ELSE 'an item ' || i.state || ', but its block is ' END
       || CASE i.state WHEN 'filling' THEN 'full or empty' ELSE b.state END,
       int8multirange(i.grams)
FROM registry_registryretirement i
CROSS JOIN LATERAL registry_blocks_reached(i.grams) b
WHERE (i.state = 'confirmed') <> (b.state = 'retired')
   OR (i.state = 'filling' AND (
        SELECT coalesce(sum(upper(s.grams * i.grams) - lower(s.grams * i.grams)), 0)
        FROM registry_span s WHERE s.grams && i.grams AND s.state = 'retired')
       NOT BETWEEN 1 AND upper(i.grams) - lower(i.grams) - 1)
"""

WITHDRAWALS = """
WITH lines AS (
    SELECT w.state IN ('requested', 'processing') AS is_open, range_agg(l.grams) AS grams
    FROM registry_withdrawal w JOIN registry_withdrawalline l ON l.withdrawal_id = w.id
    WHERE w.state IN ('requested', 'processing', 'final') GROUP BY 1
), spans AS (
    SELECT state = 'reserved' AS is_open, range_agg(grams) AS grams
    FROM registry_span WHERE state IN ('reserved', 'withdrawn') GROUP BY 1
), both_sides AS (
    SELECT coalesce(s.is_open, l.is_open) AS is_open, coalesce(s.grams, '{}') AS spans,
           coalesce(l.grams, '{}') AS lines
    FROM spans s FULL JOIN lines l ON l.is_open = s.is_open
)
SELECT CASE WHEN is_open THEN 'reserved' ELSE 'withdrawn' END || ' grams without a withdrawal',
       spans - lines FROM both_sides WHERE spans - lines <> '{}'
UNION ALL
-- What was withdrawn may have been received again since; what is reserved must be there.
SELECT 'a withdrawal without its reserved grams', lines - spans
FROM both_sides WHERE is_open AND lines - spans <> '{}'
UNION ALL
SELECT 'withdrawal ' || w.number || ' of ' || w.tonnes || ' t, but lines of',
       range_agg(l.grams)
FROM registry_withdrawal w LEFT JOIN registry_withdrawalline l ON l.withdrawal_id = w.id
GROUP BY w.id
HAVING w.tonnes * 1000000 <> coalesce(sum(upper(l.grams) - lower(l.grams)), 0)
"""


def _rows(query: str) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(query)
        return list(cursor.fetchall())


def spans_lie_inside_blocks() -> Iterator[str]:
    """Every span lies inside an immobilised block."""
    for span, grams, serial in _rows(SPANS_OUTSIDE):
        yield f"span {span}: {grams} is not inside an immobilised block {serial}"


def free_grams_are_those_in_no_span() -> Iterator[str]:
    """Every immobilised block knows exactly the grams that its spans leave."""
    for serial, free, expected in _rows(FREE_DIFFERS):
        yield f"block {serial}: {free} free, its spans leave {expected}"


def custody_is_free_grams_and_spans() -> Iterator[str]:
    """Per class: immobilised = free + spans, and the ledger's custody issued just that.

    Grams that were withdrawn or cancelled are no longer in anybody's balance.
    """
    for code, immobilised, free, spans, out, retired, custody, _retired in _rows(CLASSES):
        if immobilised != free + spans:
            yield f"class {code}: {immobilised} immobilised, {free} free and {spans} in spans"
        if custody != free + out + retired:
            yield (
                f"class {code}: custody issued {custody}, but {free} are free, {out} "
                f"tokenised or reserved and {retired} retired"
            )


def retired_spans_are_the_retired_balance() -> Iterator[str]:
    """Per class, the ledger's `retired` owns as much as the retired spans hold."""
    for code, *_numbers, retired, _custody, balance in _rows(CLASSES):
        if retired != balance:
            yield f"class {code}: {retired} in retired spans, {balance} in the retired balance"


def retirements_have_their_spans() -> Iterator[str]:
    """Every certificate cites exactly as many grams as it says."""
    for number, amount, cited in _rows(RETIREMENTS):
        yield f"retirement {number}: {amount} grams, its spans hold {cited}"


def vintages_stay_within_issuance() -> Iterator[str]:
    """The blocks of a vintage never add up to more than the registry issued for it."""
    for code, start, end, tonnes, issued in _rows(VINTAGES):
        yield f"vintage {code} {start}..{end}: blocks of {tonnes} t, {issued} t issued"


def blocks_in_custody_were_received() -> Iterator[str]:
    """Every immobilised block has a receipt that two people signed."""
    for (serial,) in _rows(BLOCKS_WITHOUT_RECEIPT):
        yield f"block {serial}: immobilised without an approved receipt"


def retired_grams_are_listed_once() -> Iterator[str]:
    """Every retired gram is in exactly one item of the registries' work list."""
    for what, grams in _rows(WORK):
        yield f"{what}: {grams}"


def withdrawals_have_their_serials() -> Iterator[str]:
    """What is reserved or withdrawn is just what open and final withdrawals list."""
    for what, grams in _rows(WITHDRAWALS):
        yield f"{what}: {grams}"


def blocks_stand_at_their_addresses() -> Iterator[str]:
    """A block's address is its place in the window of its series, which no other series shares."""
    for (serial,) in _rows(BLOCKS_MISPLACED):
        yield f"block {serial}: not at the address of its serials"
    for (key,) in _rows(WINDOWS_SHARED):
        yield f"series {key}: its window begins inside another's"
