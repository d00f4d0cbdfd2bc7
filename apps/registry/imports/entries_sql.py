"""The statements of `landing_entries`, each over all staged rows at once."""

from apps.registry.imports.changes_sql import recorded
from apps.registry.imports.landing_projects import FACT_COLUMNS

CREATE = f"""
DROP TABLE IF EXISTS pg_temp.registry_staged_entries;
CREATE TEMPORARY TABLE registry_staged_entries (
    line bigint, registry_id bigint, project text, {FACT_COLUMNS},
    entry_kind text, reference text, is_reference_own boolean, series text, window_tonnes bigint,
    first bigint, last bigint, serial text, quantity_grams bigint, year smallint,
    period_start date, period_end date, ended_on date, beneficiary text, reason text, details text,
    labels text[], buffer_grams bigint
) ON COMMIT DROP
"""
COPY = "COPY registry_staged_entries FROM STDIN"

# Entries that share a reference which is not the registry's own are numbered by quantity, so that
# the order of the file does not matter.
REFERENCES = """
UPDATE registry_staged_entries l SET reference = l.reference || ' #' || n.number
FROM (
    SELECT line, row_number() OVER (
        PARTITION BY registry_id, entry_kind, reference ORDER BY quantity_grams, line) AS number
    FROM registry_staged_entries WHERE NOT is_reference_own
) n WHERE n.line = l.line
"""

# A row meets the entry of its reference, any other ending that reaches into its serials, and a
# block of ours that does.
COMPARE = """
DROP TABLE IF EXISTS pg_temp.registry_compared;
CREATE TEMPORARY TABLE registry_compared ON COMMIT DROP AS
WITH placed AS (
    SELECT l.*, row_number() OVER w AS occurrence, first_value(l.quantity_grams) OVER w AS grams_1,
           first_value(l.ended_on) OVER w AS on_1,
           CASE WHEN s.id IS NOT NULL THEN int8range(
               s.first_gram + l.first * 1000000, s.first_gram + (l.last + 1) * 1000000)
           END AS grams
    FROM registry_staged_entries l
    LEFT JOIN registry_serialseries s ON s.registry_id = l.registry_id AND s.key = l.series
    WINDOW w AS (PARTITION BY l.registry_id, l.entry_kind, l.reference ORDER BY l.line)
)
SELECT l.line, l.registry_id, l.series, l.first, l.last, l.serial, l.ended_on, l.reference,
       l.quantity_grams, e.id AS entry_id, NULL::bigint AS block_id,
       CASE
           WHEN l.occurrence > 1 AND (l.quantity_grams, l.ended_on)
                IS NOT DISTINCT FROM (l.grams_1, l.on_1)
               THEN 'repeat'
           WHEN l.occurrence > 1 THEN 'twice'
           WHEN o.id IS NOT NULL THEN 'overlap'
           WHEN e.id IS NULL AND h.id IS NOT NULL THEN 'held'
           WHEN e.id IS NULL THEN 'new'
           WHEN e.quantity_grams = l.quantity_grams
                AND e."on" IS NOT DISTINCT FROM coalesce(l.ended_on, e."on")
                AND e.year IS NOT DISTINCT FROM coalesce(l.year, e.year)
                AND e.period_start IS NOT DISTINCT FROM coalesce(l.period_start, e.period_start)
                AND e.period_end IS NOT DISTINCT FROM coalesce(l.period_end, e.period_end)
                AND l.beneficiary IN ('', e.beneficiary) AND l.reason IN ('', e.reason)
                AND l.details IN ('', e.details) AND l.labels IN ('{}', e.labels::text[])
                AND e.buffer_grams IS NOT DISTINCT FROM coalesce(l.buffer_grams, e.buffer_grams)
                THEN 'same'
           ELSE 'update'
       END AS verdict,
       o.reference AS other, NULL::bigint AS sum, NULL::bigint AS total
FROM placed l
LEFT JOIN registry_registryentry e
    ON e.registry_id = l.registry_id AND e.kind = l.entry_kind AND e.reference = l.reference
LEFT JOIN LATERAL (
    SELECT o.id, o.reference FROM registry_registryentry o
    WHERE o.grams && l.grams AND o.id IS DISTINCT FROM e.id LIMIT 1
) o ON true
LEFT JOIN LATERAL (
    SELECT b.id FROM registry_blocks_reached(l.grams) b WHERE b.state = 'immobilised' LIMIT 1
) h ON true
"""

IN_ORDER = """(
    SELECT l.* FROM registry_staged_entries l JOIN registry_compared c USING (line)
    WHERE c.verdict IN ('new', 'same', 'update')
)"""

SERIES = """
INSERT INTO registry_serialseries (registry_id, key, window_tonnes)
SELECT l.registry_id, l.series, max(l.window_tonnes)
FROM registry_staged_entries l JOIN registry_compared c USING (line)
WHERE c.verdict = 'new' AND l.series IS NOT NULL
GROUP BY l.registry_id, l.series ORDER BY min(l.line)
ON CONFLICT (registry_id, key) DO NOTHING
"""

ENTRIES = """
INSERT INTO registry_registryentry (
    registry_id, project_id, kind, reference, series_id, grams, quantity_grams, year, period_start,
    period_end, "on", beneficiary, reason, details, labels, buffer_grams, created_at)
SELECT l.registry_id, p.id, l.entry_kind, l.reference, s.id,
       CASE WHEN s.id IS NOT NULL THEN int8range(
           s.first_gram + l.first * 1000000, s.first_gram + (l.last + 1) * 1000000)
       END,
       l.quantity_grams, l.year, l.period_start, l.period_end, l.ended_on, l.beneficiary,
       l.reason, l.details, l.labels, l.buffer_grams, now()
FROM registry_staged_entries l JOIN registry_compared c USING (line)
JOIN registry_project p ON p.registry_id = l.registry_id AND p.registry_project_id = l.project
LEFT JOIN registry_serialseries s ON s.registry_id = l.registry_id AND s.key = l.series
WHERE c.verdict = 'new' ORDER BY l.line
"""

# What a file leaves empty stays as it is known: each column, and what it becomes.
_UPDATED = {
    "quantity_grams": "l.quantity_grams",
    '"on"': 'coalesce(l.ended_on, e."on")',
    "year": "coalesce(l.year, e.year)",
    "period_start": "coalesce(l.period_start, e.period_start)",
    "period_end": "coalesce(l.period_end, e.period_end)",
    "beneficiary": "coalesce(nullif(l.beneficiary, ''), e.beneficiary)",
    "reason": "coalesce(nullif(l.reason, ''), e.reason)",
    "details": "coalesce(nullif(l.details, ''), e.details)",
    "labels": "coalesce(nullif(l.labels, '{}'), e.labels::text[])",
    "buffer_grams": "coalesce(l.buffer_grams, e.buffer_grams)",
}
_UPDATES_OF = "registry_staged_entries l JOIN registry_compared c USING (line)"
UPDATE_CHANGES = recorded(
    subject="entry",
    row="e.id",
    name="l.reference",
    fields={
        c.strip('"'): (f"array_to_string(e.{c}, '; ')", f"array_to_string({value}, '; ')")
        if c == "labels"
        else (f"e.{c}", value)
        for c, value in _UPDATED.items()
    },
    source=f"{_UPDATES_OF} JOIN registry_registryentry e "
    "ON e.id = c.entry_id AND c.verdict = 'update'",
)
UPDATES = f"""
UPDATE registry_registryentry e SET {", ".join(f"{c} = {v}" for c, v in _UPDATED.items())}
FROM {_UPDATES_OF}
WHERE c.verdict = 'update' AND e.id = c.entry_id
"""  # noqa: S608 - put together from constants

# A known block all of whose serials have ended, whether by one entry or by many.
ENDED_WHOLE = """
UPDATE registry_serialblock b SET state = 'retired'
WHERE b.state = 'issued' AND b.id IN (
    SELECT n.id FROM registry_compared c
    JOIN registry_serialseries s ON s.registry_id = c.registry_id AND s.key = c.series
    CROSS JOIN LATERAL registry_blocks_reached(int8range(
        s.first_gram + c.first * 1000000, s.first_gram + (c.last + 1) * 1000000)) n
    WHERE c.verdict = 'new'
) AND registry_block_grams(b) <@ (
    SELECT range_agg(e.grams) FROM registry_registryentry e
    WHERE e.grams && registry_block_grams(b))
"""

COUNTS = """
SELECT count(*) FILTER (WHERE verdict IN ('new', 'update')),
       count(*) FILTER (WHERE verdict IN ('same', 'repeat')),
       coalesce(sum(quantity_grams) FILTER (WHERE verdict IN ('new', 'update')), 0)::bigint
FROM registry_compared
"""

REFUSED = """
SELECT line, verdict, reference, first, last, other, ended_on
FROM registry_compared WHERE verdict NOT IN ('new', 'update', 'same', 'repeat') ORDER BY line
"""
