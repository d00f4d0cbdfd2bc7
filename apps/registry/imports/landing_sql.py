"""The statements of `landing`, each over all staged rows at once."""

from apps.registry.imports.changes_sql import recorded

# A row without labels leaves those of its block as they are.
KNOWN_LABELS_STAY = """
UPDATE registry_staged l SET certifications = '{}'
FROM registry_serialseries s, registry_serialblock b
WHERE s.registry_id = l.registry_id AND s.key = l.series
    AND b.base = s.first_gram + l.first * 1000000 AND b.certifications::text[] <> '{}'
"""

# A row meets the one block, if any, whose serials reach into its own. Blocks never overlap, so
# that is the last block that starts no later than the row ends: one probe of an index.
# A row about a part of that block is a cut: registries list a block in pieces once a part of it
# is retired or transferred.
COMPARE = """
DROP TABLE IF EXISTS pg_temp.registry_compared;
CREATE TEMPORARY TABLE registry_compared ON COMMIT DROP AS
SELECT l.line, l.series, l.registry_id, l.first, l.last, l.serial, b.id AS block_id,
       b.serial AS known_serial, b.state, b.retired_on, b.issued_on, l.ended_on,
       l.issued_on AS issued_on_found,
       CASE
           WHEN b.id IS NULL THEN 'new'
           WHEN l.first < b.start OR l.last > b."end" THEN 'overlap'
           WHEN v.id IS DISTINCT FROM b.vintage_id THEN 'vintage'
           WHEN b.retired_on IS NOT NULL AND l.ended_on IS DISTINCT FROM b.retired_on THEN 'ending'
           WHEN b.issued_on <> l.issued_on THEN 'issuance'
           WHEN l.ended_on IS NOT NULL AND b.state = 'immobilised' THEN 'held'
           WHEN (b.start, b."end") <> (l.first, l.last) THEN
               CASE WHEN b.state <> 'issued' THEN 'same'
                    WHEN EXISTS (SELECT FROM registry_custodyreceipt r
                                 WHERE r.block_id = b.id AND r.decision <> 'rejected')
                    THEN 'receiving' ELSE 'cut' END
           WHEN b.serial = l.serial AND b.retired_on IS NOT DISTINCT FROM l.ended_on
                AND (l.issued_on IS NULL OR b.issued_on IS NOT NULL)
                AND l.certifications IN ('{}', b.certifications::text[])
                AND l.beneficiary IN ('', b.retirement_beneficiary)
                AND l.reason IN ('', b.retirement_reason)
                AND l.details IN ('', b.retirement_details) THEN 'same'
           ELSE 'update'
       END AS verdict,
       NULL::text AS other, NULL::bigint AS sum, NULL::bigint AS total, false AS is_cut
FROM registry_staged l
LEFT JOIN registry_serialseries s ON s.registry_id = l.registry_id AND s.key = l.series
LEFT JOIN LATERAL (
    SELECT * FROM registry_serialblock b
    WHERE b.base <= s.first_gram + l.last * 1000000 ORDER BY b.base DESC LIMIT 1
) b ON b.base + (b."end" - b.start + 1) * 1000000 > s.first_gram + l.first * 1000000
LEFT JOIN registry_project p
    ON p.registry_id = l.registry_id AND p.registry_project_id = l.project
LEFT JOIN registry_vintage v
    ON v.project_id = p.id AND v.start = l.vintage_start AND v."end" = l.vintage_end
    AND v.year = l.vintage_year
"""
INDEX_COMPARED = """
CREATE UNIQUE INDEX ON registry_compared (line);
ANALYZE registry_compared;
"""

# Rows whose serials reach into another row's, where both say something new of them; almost always
# there are none.
CLASHES = """
SELECT line, registry_id, series, first, last, serial, ended_on FROM (
    SELECT *, max(last) OVER before AS reached, min(first) OVER after AS next
    FROM registry_compared
    WHERE verdict IN ('new', 'cut') OR (verdict IN ('same', 'update') AND block_id IN (
        SELECT block_id FROM registry_compared WHERE verdict = 'cut'))
    WINDOW before AS (PARTITION BY registry_id, series ORDER BY first, line
                      ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
           after AS (PARTITION BY registry_id, series ORDER BY first, line
                     ROWS BETWEEN 1 FOLLOWING AND 1 FOLLOWING)
) ordered WHERE reached >= first OR next <= last ORDER BY line
"""

# New rows of vintages that would hold more than the registry issued, in the order of the file.
EXCESS = """
WITH vintages AS (
    SELECT l.registry_id, l.project, l.vintage_start, l.vintage_end, l.vintage_year,
           max(l.vintage_tonnes) AS tonnes,
           sum(c.last - c.first + 1) FILTER (WHERE c.verdict = 'new') AS added
    FROM registry_staged l JOIN registry_compared c USING (line)
    WHERE c.verdict IN ('new', 'same', 'update', 'cut')
    GROUP BY 1, 2, 3, 4, 5 HAVING bool_or(c.verdict = 'new')
), known AS (
    SELECT n.*, v.id, greatest(n.tonnes, v.issued_tonnes) AS total
    FROM vintages n
    LEFT JOIN registry_project p
        ON p.registry_id = n.registry_id AND p.registry_project_id = n.project
    LEFT JOIN registry_vintage v
        ON v.project_id = p.id AND v.start = n.vintage_start AND v."end" = n.vintage_end
        AND v.year = n.vintage_year
), held AS (
    SELECT b.vintage_id AS id, sum(b."end" - b.start + 1)::bigint AS sum
    FROM registry_serialblock b WHERE b.vintage_id IN (SELECT id FROM known) GROUP BY 1
), full_vintages AS (
    SELECT n.*, coalesce(h.sum, 0) AS held FROM known n LEFT JOIN held h USING (id)
    WHERE n.added + coalesce(h.sum, 0) > n.total
)
SELECT c.line, c.last - c.first + 1,
       dense_rank() OVER (ORDER BY f.registry_id, f.project, f.vintage_start, f.vintage_end,
                          f.vintage_year),
       f.held, f.total
FROM full_vintages f
JOIN registry_staged l USING (registry_id, project, vintage_start, vintage_end, vintage_year)
JOIN registry_compared c ON c.line = l.line
WHERE c.verdict = 'new' ORDER BY c.line
"""

# Every row that is in order, with what it says of its project.
IN_ORDER = """(
    SELECT l.line, l.registry_id, l.project, f.*
    FROM registry_staged l JOIN registry_compared c USING (line)
    JOIN registry_staged_facts f USING (facts)
    WHERE c.verdict IN ('new', 'same', 'update', 'cut')
)"""

TOTALS = """
DROP TABLE IF EXISTS pg_temp.registry_totals;
CREATE TEMPORARY TABLE registry_totals ON COMMIT DROP AS
SELECT p.id AS project_id, l.vintage_start AS start, l.vintage_end AS "end",
       l.vintage_year AS year, max(l.vintage_tonnes) AS issued_tonnes, min(l.line) AS line
FROM registry_staged l JOIN registry_compared c USING (line)
JOIN registry_project p ON p.registry_id = l.registry_id AND p.registry_project_id = l.project
WHERE c.verdict IN ('new', 'same', 'update', 'cut')
GROUP BY p.id, l.vintage_start, l.vintage_end, l.vintage_year
"""
VINTAGE_CHANGES = recorded(
    subject="vintage",
    row="v.id",
    name="p.code || ' ' || v.start || '..' || v.\"end\"",
    fields={"issued_tonnes": ("v.issued_tonnes", "greatest(v.issued_tonnes, l.issued_tonnes)")},
    source="""registry_totals l JOIN registry_project p ON p.id = l.project_id
        JOIN registry_vintage v USING (project_id, start, "end", year)""",
)
VINTAGES = """
INSERT INTO registry_vintage AS v (project_id, credit_class_id, start, "end", year, issued_tonnes)
SELECT l.project_id, k.id, l.start, l."end", l.year, l.issued_tonnes FROM registry_totals l
LEFT JOIN registry_creditclass k ON k.project_id = l.project_id AND k.year = l.year
ON CONFLICT (project_id, start, "end", year) DO UPDATE
SET issued_tonnes = greatest(v.issued_tonnes, excluded.issued_tonnes)
WHERE v.issued_tonnes IS DISTINCT FROM greatest(v.issued_tonnes, excluded.issued_tonnes)
"""

SERIES = """
INSERT INTO registry_serialseries (registry_id, key, window_tonnes)
SELECT registry_id, series, max(window_tonnes) FROM registry_staged JOIN registry_compared c
    USING (line, registry_id, series)
WHERE c.verdict = 'new' GROUP BY registry_id, series ORDER BY min(line)
ON CONFLICT (registry_id, key) DO NOTHING
"""

# The keys of blocks are looked up with the statement that writes them, not with the commit: the
# rows are still at hand.
KEYS_AT_ONCE = """
DO $$ BEGIN
    EXECUTE (
        SELECT 'SET CONSTRAINTS ' || string_agg(quote_ident(conname), ', ') || ' IMMEDIATE'
        FROM pg_constraint
        WHERE conrelid = 'registry_serialblock'::regclass AND contype = 'f' AND condeferrable);
END $$
"""
BLOCKS = """
INSERT INTO registry_serialblock (
    series_id, vintage_id, serial, start, "end", base, state, issued_on, certifications, retired_on,
    retirement_beneficiary, retirement_reason, retirement_details, created_at)
SELECT s.id, v.id, l.serial, l.first, l.last, s.first_gram + l.first * 1000000,
       CASE WHEN l.ended_on IS NULL THEN 'issued' ELSE 'retired' END, l.issued_on,
       l.certifications, l.ended_on, l.beneficiary, l.reason, l.details, now()
FROM registry_staged l JOIN registry_compared c USING (line)
JOIN registry_serialseries s ON s.registry_id = l.registry_id AND s.key = l.series
JOIN registry_project p ON p.registry_id = l.registry_id AND p.registry_project_id = l.project
JOIN registry_vintage v ON v.project_id = p.id AND v.start = l.vintage_start
    AND v."end" = l.vintage_end AND v.year = l.vintage_year
WHERE c.verdict = 'new' ORDER BY s.id, l.first
"""

# What a file leaves empty stays as it is known: each column, and what it becomes.
_UPDATED = {
    "serial": "l.serial",
    "issued_on": "coalesce(b.issued_on, l.issued_on)",
    "certifications": "coalesce(nullif(l.certifications, '{}'), b.certifications::text[])",
    "retired_on": "l.ended_on",
    "retirement_beneficiary": "coalesce(nullif(l.beneficiary, ''), b.retirement_beneficiary)",
    "retirement_reason": "coalesce(nullif(l.reason, ''), b.retirement_reason)",
    "retirement_details": "coalesce(nullif(l.details, ''), b.retirement_details)",
    "state": "CASE WHEN l.ended_on IS NULL THEN b.state ELSE 'retired' END",
}
_UPDATES_OF = """registry_staged l JOIN registry_compared c USING (line)"""
UPDATE_CHANGES = recorded(
    subject="block",
    row="b.id",
    name="l.serial",
    fields={
        column: (f"array_to_string(b.{column}, '; ')", f"array_to_string({value}, '; ')")
        if column == "certifications"
        else (f"b.{column}", value)
        for column, value in _UPDATED.items()
    },
    source=f"{_UPDATES_OF} JOIN registry_serialblock b "
    "ON b.id = c.block_id AND c.verdict = 'update'",
)
UPDATES = f"""
UPDATE registry_serialblock b SET {", ".join(f"{c} = {v}" for c, v in _UPDATED.items())}
FROM {_UPDATES_OF}
WHERE c.verdict = 'update' AND b.id = c.block_id
"""  # noqa: S608 - put together from constants

# A new block, or piece of one, all of whose serials the registry has already reported as ended.
ENDED_WHOLE = """
UPDATE registry_serialblock b SET state = 'retired'
WHERE b.state = 'issued' AND b.id IN (
    SELECT n.id FROM registry_registryentry e
    CROSS JOIN LATERAL registry_blocks_reached(e.grams) n
    WHERE e.series_id IN (
        SELECT s.id FROM registry_compared c
        JOIN registry_serialseries s ON s.registry_id = c.registry_id AND s.key = c.series
        WHERE c.verdict = 'new' OR c.is_cut)
) AND registry_block_grams(b) <@ (
    SELECT range_agg(e.grams) FROM registry_registryentry e
    WHERE e.grams && registry_block_grams(b))
"""

COUNTS = """
SELECT count(*) FILTER (WHERE verdict IN ('new', 'update')),
       count(*) FILTER (WHERE verdict IN ('same', 'repeat')),
       coalesce(sum(last - first + 1) FILTER (WHERE verdict IN ('new', 'update')), 0)::bigint
           * 1000000
FROM registry_compared
"""

REFUSED = """
SELECT line, verdict, serial, first, last, coalesce(other, known_serial), sum, total,
       issued_on, issued_on_found, retired_on, ended_on
FROM registry_compared WHERE verdict NOT IN ('new', 'update', 'same', 'repeat') ORDER BY line
"""
