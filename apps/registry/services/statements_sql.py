"""The statements of `statements`, each over a whole statement at once."""

# What of each of our blocks the statement does not list, and which of it we can explain. Blocks in
# custody are those of classes, which are few; all other blocks are never read.
LACKING = """
WITH lacking AS (
    SELECT b.id, int8multirange(registry_block_grams(b)) AS whole,
           int8multirange(registry_block_grams(b)) - coalesce(listed.grams, '{}') AS grams
    FROM registry_creditclass c
    JOIN registry_vintage v ON v.credit_class_id = c.id
    JOIN registry_serialblock b ON b.vintage_id = v.id
    JOIN registry_serialseries s ON s.id = b.series_id
    CROSS JOIN LATERAL (
        SELECT range_agg(l.grams) AS grams FROM registry_custodystatementline l
        WHERE l.statement_id = %(statement)s AND l.grams && registry_block_grams(b)
    ) listed
    WHERE b.state = 'immobilised' AND s.registry_id = %(registry)s
), explained AS (
    SELECT k.*,
           (SELECT coalesce(range_agg(p.grams), '{}') FROM registry_span p
            WHERE p.block_id = k.id AND p.state = 'reserved') AS reserved,
           (SELECT coalesce(range_agg(i.grams), '{}') FROM registry_registryretirement i
            WHERE i.grams && range_merge(k.whole) AND i.state = 'ready') AS ready,
           (SELECT coalesce(range_agg(r.grams), '{}') FROM registry_custodyreceipt r
            WHERE r.grams && range_merge(k.whole) AND r.decision = 'approved'
              AND r.decided_at::date > %(as_of)s) AS later
    FROM lacking k WHERE k.grams <> '{}'
)
SELECT CASE WHEN e.grams = e.whole THEN 'missing' ELSE 'changed' END, part.because, e.id, '',
       lower(r), upper(r)
FROM explained e
CROSS JOIN LATERAL (VALUES
    ('withdrawal', e.grams * e.reserved),
    ('retirement', e.grams * e.ready),
    ('received', (e.grams - e.reserved - e.ready) * e.later),
    ('', e.grams - e.reserved - e.ready - e.later)
) AS part (because, grams)
CROSS JOIN LATERAL unnest(part.grams) AS r
ORDER BY lower(r)
"""

# What the statement lists that is in no block of ours: the part of each block that is elsewhere,
# and what is in no block at all.
EXTRA = """
WITH listed AS (
    SELECT l.serial, l.grams, known.blocks
    FROM registry_custodystatementline l
    CROSS JOIN LATERAL (
        SELECT coalesce(range_agg(registry_block_grams(b)), '{}') AS blocks
        FROM registry_blocks_reached(l.grams) b
    ) known
    WHERE l.statement_id = %(statement)s AND l.grams IS NOT NULL
)
SELECT 'extra', b.state, b.id, '', lower(r), upper(r)
FROM listed l
CROSS JOIN LATERAL registry_blocks_reached(l.grams) b
CROSS JOIN LATERAL (SELECT registry_block_grams(b) * l.grams AS r) part
WHERE b.state <> 'immobilised'
UNION ALL
SELECT 'extra', 'unknown', NULL, l.serial, lower(r), upper(r)
FROM listed l CROSS JOIN LATERAL unnest(int8multirange(l.grams) - l.blocks) AS r
ORDER BY 5
"""

AGREED = """
SELECT coalesce(sum(upper(part.r) - lower(part.r)), 0)::bigint
FROM registry_custodystatementline l
CROSS JOIN LATERAL registry_blocks_reached(l.grams) b
CROSS JOIN LATERAL (SELECT registry_block_grams(b) * l.grams AS r) part
WHERE l.statement_id = %(statement)s AND b.state = 'immobilised'
"""
