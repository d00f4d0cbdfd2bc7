"""Which labels a block has, and a class because of its blocks (docs/adr/0010).

`registry_block_labels` is the one place that says which labels a block has, and on which days;
`registry_class_labels` asks it for one block of each sort of a class, and sums up. What it says
is kept in `registry_carriedlabel`: statement triggers write down which classes a transaction has
touched, and at its end their labels are worked out once.
"""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION registry_label_of(registry bigint, word text) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT s.label_id FROM registry_labelspelling s
    WHERE s.folded = registry_fold(word) AND (s.registry_id IS NULL OR s.registry_id = registry)
    ORDER BY s.registry_id NULLS LAST LIMIT 1
$$;

-- What the issuances of a project and year say that come without serials: `is_whole` if all do.
CREATE FUNCTION registry_issuance_labels(project bigint, vintage_year int)
RETURNS TABLE (label_id bigint, is_whole boolean) LANGUAGE sql STABLE AS $$
    WITH issued AS (
        SELECT e.id, e.registry_id, e.labels FROM registry_registryentry e
        WHERE e.project_id = project AND e.kind = 'issuance' AND e.year = vintage_year
          AND e.quantity_grams > 0
    )
    SELECT l.label_id, count(DISTINCT l.id) = (SELECT count(*) FROM issued)
    FROM (SELECT i.id, registry_label_of(i.registry_id, w.text) AS label_id
          FROM issued i, unnest(i.labels) w (text)) l
    WHERE l.label_id IS NOT NULL GROUP BY l.label_id
$$;

CREATE FUNCTION registry_block_labels(blocks bigint[])
RETURNS TABLE (block_id bigint, label_id bigint, days daterange) LANGUAGE sql STABLE AS $$
    WITH these AS MATERIALIZED (
        SELECT b.id, b.certifications, v.id AS vintage_id, v.year, p.id AS project_id,
               p.registry_id, p.sdgs,
               int8range(b.base, b.base + (b."end" - b.start + 1) * 1000000) AS grams
        FROM registry_serialblock b
        JOIN registry_vintage v ON v.id = b.vintage_id
        JOIN registry_project p ON p.id = v.project_id
        WHERE b.id = ANY (blocks)
    ), words AS MATERIALIZED (
        SELECT w.registry_id, w.text, registry_label_of(w.registry_id, w.text) AS label_id
        FROM (SELECT DISTINCT t.registry_id, w.text FROM these t, unnest(t.certifications) w (text)) w
    ), years AS (
        SELECT DISTINCT t.project_id, t.year FROM these t WHERE EXISTS (
            SELECT 1 FROM registry_registryentry e
            WHERE e.project_id = t.project_id AND e.kind = 'issuance' AND e.year = t.year)
    ), granted AS (
        SELECT g.*, daterange(g."on", g.until, '[]') AS days FROM registry_labelgrant g
    )
    SELECT t.id, w.label_id, '(,)'::daterange FROM these t, unnest(t.certifications) said (text)
    JOIN words w ON w.text = said.text
    WHERE w.registry_id = t.registry_id AND w.label_id IS NOT NULL
    UNION
    SELECT t.id, l.id, '(,)' FROM these t, unnest(t.sdgs) goal
    JOIN registry_label l ON l.code = 'sdg-' || goal
    UNION
    SELECT t.id, i.label_id, '(,)'
    FROM years y CROSS JOIN LATERAL registry_issuance_labels(y.project_id, y.year) i
    JOIN these t ON t.project_id = y.project_id AND t.year = y.year WHERE i.is_whole
    UNION
    SELECT t.id, g.label_id, g.days FROM these t JOIN granted g ON g.grams @> t.grams
    UNION
    SELECT t.id, g.label_id, g.days FROM these t JOIN granted g ON g.vintage_id = t.vintage_id
    UNION
    SELECT t.id, g.label_id, g.days FROM these t JOIN granted g ON g.project_id = t.project_id
$$;

CREATE RECURSIVE VIEW registry_labelmeaning (label_id, means_id) AS
SELECT l.id, l.id FROM registry_label l
UNION
SELECT m.label_id, l.broader_id FROM registry_labelmeaning m
JOIN registry_label l ON l.id = m.means_id WHERE l.broader_id IS NOT NULL;

-- NULL asks for all classes. `days` are those on which any of the class has the label, `whole_days`
-- those on which all of it has. Blocks of one period with the same words and the same grants of
-- their own are of one sort: they have the same labels.
CREATE FUNCTION registry_class_labels(asked bigint[])
RETURNS TABLE (credit_class_id bigint, label_id bigint,
               days datemultirange, whole_days datemultirange)
LANGUAGE plpgsql STABLE AS $$
#variable_conflict use_column
DECLARE classes bigint[] := coalesce(asked, ARRAY(SELECT c.id FROM registry_creditclass c));
BEGIN
    RETURN QUERY WITH sorts AS MATERIALIZED (
        SELECT v.credit_class_id, v.project_id, v.year, min(b.id) AS block_id
        FROM registry_vintage v
        JOIN registry_serialblock b ON b.vintage_id = v.id AND b.state = 'immobilised'
        CROSS JOIN LATERAL (
            SELECT array_agg(g.id ORDER BY g.id) AS own FROM registry_labelgrant g
            WHERE g.grams @> int8range(b.base, b.base + (b."end" - b.start + 1) * 1000000)
        ) g
        WHERE v.credit_class_id = ANY (classes)
        GROUP BY v.credit_class_id, v.project_id, v.year, v.id, b.certifications, g.own
    ), totals AS (
        SELECT s.credit_class_id, count(*) AS sorts FROM sorts s GROUP BY 1
    ), years AS (
        SELECT DISTINCT s.credit_class_id, s.project_id, s.year FROM sorts s WHERE EXISTS (
            SELECT 1 FROM registry_registryentry e
            WHERE e.project_id = s.project_id AND e.kind = 'issuance' AND e.year = s.year)
    ), said AS (
        SELECT s.credit_class_id, s.block_id, l.label_id, l.days
        FROM registry_block_labels(ARRAY(SELECT s.block_id FROM sorts s)) l
        JOIN sorts s USING (block_id)
        UNION ALL
        SELECT y.credit_class_id, NULL, l.label_id, '(,)'
        FROM years y, registry_issuance_labels(y.project_id, y.year) l WHERE NOT l.is_whole
    ), had AS (
        SELECT s.credit_class_id, s.block_id, m.means_id AS label_id, range_agg(s.days) AS days
        FROM said s JOIN registry_labelmeaning m USING (label_id)
        GROUP BY s.credit_class_id, s.block_id, m.means_id
    )
    SELECT h.credit_class_id, h.label_id, range_agg(h.days),
           CASE WHEN count(h.block_id) = t.sorts
                THEN range_intersect_agg(h.days) FILTER (WHERE h.block_id IS NOT NULL)
                ELSE '{}' END
    FROM had h JOIN totals t USING (credit_class_id)
    GROUP BY h.credit_class_id, h.label_id, t.sorts;
END $$;
"""
UNDO_FUNCTIONS = """
DROP FUNCTION registry_class_labels(bigint[]);
DROP VIEW registry_labelmeaning;
DROP FUNCTION registry_block_labels(bigint[]);
DROP FUNCTION registry_issuance_labels(bigint, int);
DROP FUNCTION registry_label_of(bigint, text);
"""
VIEWS = """
CREATE VIEW registry_classlabel AS
SELECT k.id, k.credit_class_id, k.label_id, k.whole_days @> current_date AS is_whole
FROM registry_carriedlabel k WHERE k.days @> current_date;

-- By the labels if they say, else by the type: what is both, or only partly one, is mixed.
CREATE VIEW registry_classeffect AS
SELECT c.id AS credit_class_id, coalesce(s.effect, y.effect, '') AS effect
FROM registry_creditclass c
LEFT JOIN registry_projecttaxonomy t ON t.project_id = c.project_id
LEFT JOIN registry_projecttype y ON y.id = t.type_id
LEFT JOIN (
    SELECT l.credit_class_id,
           CASE WHEN count(DISTINCT b.effect) = 1 AND bool_or(l.is_whole) THEN min(b.effect)
                ELSE 'mixed' END AS effect
    FROM registry_classlabel l JOIN registry_label b ON b.id = l.label_id
    WHERE b.effect <> '' GROUP BY l.credit_class_id
) s ON s.credit_class_id = c.id;

CREATE VIEW registry_classrating AS
SELECT DISTINCT ON (c.id, g.agency_id) c.id || ' ' || g.agency_id AS id, c.id AS credit_class_id,
       g.agency_id, r.id AS rating_id, g.rank
FROM registry_creditclass c
JOIN registry_rating r ON r.project_id = c.project_id AND (r.year IS NULL OR r.year = c.year)
JOIN registry_ratinggrade g ON g.id = r.grade_id
WHERE r."on" <= current_date
ORDER BY c.id, g.agency_id, r.year NULLS LAST, r."on" DESC, r.id DESC;

CREATE VIEW registry_unmappedlabel AS
SELECT r.code || ' ' || w.text AS id, w.registry_id, w.text
FROM registry_labelword w JOIN registry_registry r ON r.id = w.registry_id
WHERE registry_label_of(w.registry_id, w.text) IS NULL;
"""
UNDO_VIEWS = """
DROP VIEW registry_unmappedlabel;
DROP VIEW registry_classrating;
DROP VIEW registry_classeffect;
DROP VIEW registry_classlabel;
"""
CIRCLES = """
CREATE FUNCTION registry_label_no_circle() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM registry_labelmeaning m
               WHERE m.label_id = NEW.broader_id AND m.means_id = NEW.id) THEN
        RAISE EXCEPTION 'label % would be broader than itself', NEW.code
            USING ERRCODE = 'check_violation', CONSTRAINT = 'registry_label_no_circle';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_label_no_circle BEFORE UPDATE OF broader_id ON registry_label
    FOR EACH ROW WHEN (NEW.broader_id IS NOT NULL)
    EXECUTE FUNCTION registry_label_no_circle();
"""
UNDO_CIRCLES = """
DROP TRIGGER registry_label_no_circle ON registry_label;
DROP FUNCTION registry_label_no_circle();
"""
# A grant to a block is one to its grams: whoever splits the block later need not know of it.
GRANT_GRAMS = """
CREATE FUNCTION registry_grant_grams() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND NEW.block_id IS NOT DISTINCT FROM OLD.block_id THEN
        NEW.grams := OLD.grams;
    ELSE
        NEW.grams := (SELECT int8range(b.base, b.base + (b."end" - b.start + 1) * 1000000)
                      FROM registry_serialblock b WHERE b.id = NEW.block_id);
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER registry_grant_grams BEFORE INSERT OR UPDATE ON registry_labelgrant
    FOR EACH ROW EXECUTE FUNCTION registry_grant_grams();
"""
UNDO_GRANT_GRAMS = """
DROP TRIGGER registry_grant_grams ON registry_labelgrant;
DROP FUNCTION registry_grant_grams();
"""
# The lock is the last that a transaction takes, so nobody who has it waits for anybody; whoever
# waits for it does so whatever time he gives others.
DUE = """
CREATE FUNCTION registry_carry_labels(classes bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH fresh AS MATERIALIZED (SELECT * FROM registry_class_labels(classes)), gone AS (
        DELETE FROM registry_carriedlabel k
        WHERE (classes IS NULL OR k.credit_class_id = ANY (classes)) AND NOT EXISTS (
            SELECT FROM fresh f
            WHERE f.credit_class_id = k.credit_class_id AND f.label_id = k.label_id)
    )
    INSERT INTO registry_carriedlabel AS k (credit_class_id, label_id, days, whole_days)
    SELECT f.credit_class_id, f.label_id, f.days, f.whole_days FROM fresh f
    ON CONFLICT (label_id, credit_class_id) DO UPDATE
        SET days = excluded.days, whole_days = excluded.whole_days
        WHERE (k.days, k.whole_days) <> (excluded.days, excluded.whole_days)
$$;

CREATE FUNCTION registry_labels_due() RETURNS trigger LANGUAGE plpgsql SET lock_timeout = 0 AS $$
DECLARE classes bigint[];
BEGIN
    IF NOT EXISTS (SELECT FROM registry_labelsdue WHERE id = NEW.id) THEN
        RETURN NULL;  -- Done with an earlier one of this transaction.
    END IF;
    PERFORM pg_advisory_xact_lock(hashtext('registry_labels_due'));
    WITH due AS (DELETE FROM registry_labelsdue RETURNING credit_class_id)
    SELECT CASE WHEN count(*) = count(credit_class_id) THEN array_agg(DISTINCT credit_class_id) END
    INTO classes FROM due;
    PERFORM registry_carry_labels(classes);
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER registry_labels_due AFTER INSERT ON registry_labelsdue
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION registry_labels_due();
"""
UNDO_DUE = """
DROP TRIGGER registry_labels_due ON registry_labelsdue;
DROP FUNCTION registry_labels_due();
DROP FUNCTION registry_carry_labels(bigint[]);
"""
# What comes in in bulk is looked at once for a statement. What a statement changed is told by EXCEPT
# and not by a join: a plan is made once for a session, perhaps for no rows, and a join over two
# tables of rows, planned for none, takes their product when they are many.
TOLD = """
CREATE FUNCTION registry_blocks_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO registry_labelword (registry_id, text)
        SELECT DISTINCT s.registry_id, w.text
        FROM (SELECT DISTINCT series_id, certifications FROM told WHERE certifications <> '{}') t
        JOIN registry_serialseries s ON s.id = t.series_id, unnest(t.certifications) w (text)
        ON CONFLICT DO NOTHING;
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT DISTINCT v.credit_class_id FROM told t JOIN registry_vintage v ON v.id = t.vintage_id
        WHERE t.state = 'immobilised' AND v.credit_class_id IS NOT NULL;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO registry_labelword (registry_id, text)
        SELECT DISTINCT s.registry_id, w.text
        FROM (SELECT series_id, certifications FROM told
              EXCEPT SELECT series_id, certifications FROM known) t
        JOIN registry_serialseries s ON s.id = t.series_id, unnest(t.certifications) w (text)
        ON CONFLICT DO NOTHING;
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT DISTINCT v.credit_class_id FROM (
            (SELECT vintage_id, base, start, "end", certifications FROM told
             WHERE state = 'immobilised'
             EXCEPT SELECT vintage_id, base, start, "end", certifications FROM known
             WHERE state = 'immobilised')
            UNION ALL
            (SELECT vintage_id, base, start, "end", certifications FROM known
             WHERE state = 'immobilised'
             EXCEPT SELECT vintage_id, base, start, "end", certifications FROM told
             WHERE state = 'immobilised')
        ) b JOIN registry_vintage v ON v.id = b.vintage_id WHERE v.credit_class_id IS NOT NULL;
    ELSE
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT DISTINCT v.credit_class_id FROM known k JOIN registry_vintage v ON v.id = k.vintage_id
        WHERE k.state = 'immobilised' AND v.credit_class_id IS NOT NULL;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_told AFTER INSERT ON registry_serialblock
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION registry_blocks_told();
CREATE TRIGGER registry_labels_retold AFTER UPDATE ON registry_serialblock
    REFERENCING NEW TABLE AS told OLD TABLE AS known
    FOR EACH STATEMENT EXECUTE FUNCTION registry_blocks_told();
CREATE TRIGGER registry_labels_gone AFTER DELETE ON registry_serialblock
    REFERENCING OLD TABLE AS known FOR EACH STATEMENT EXECUTE FUNCTION registry_blocks_told();

CREATE FUNCTION registry_entries_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO registry_labelword (registry_id, text)
        SELECT DISTINCT t.registry_id, w.text FROM told t, unnest(t.labels) w (text)
        ON CONFLICT DO NOTHING;
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT c.id FROM (SELECT DISTINCT project_id, year FROM told WHERE kind = 'issuance') t
        JOIN registry_creditclass c ON c.project_id = t.project_id AND c.year = t.year;
    ELSIF TG_OP = 'UPDATE' THEN
        INSERT INTO registry_labelword (registry_id, text)
        SELECT DISTINCT t.registry_id, w.text
        FROM (SELECT registry_id, labels FROM told EXCEPT SELECT registry_id, labels FROM known) t,
             unnest(t.labels) w (text)
        ON CONFLICT DO NOTHING;
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT DISTINCT c.id FROM (
            (SELECT id, registry_id, project_id, year, quantity_grams > 0, labels FROM told
             WHERE kind = 'issuance'
             EXCEPT SELECT id, registry_id, project_id, year, quantity_grams > 0, labels FROM known
             WHERE kind = 'issuance')
            UNION ALL
            (SELECT id, registry_id, project_id, year, quantity_grams > 0, labels FROM known
             WHERE kind = 'issuance'
             EXCEPT SELECT id, registry_id, project_id, year, quantity_grams > 0, labels FROM told
             WHERE kind = 'issuance')
        ) e JOIN registry_creditclass c ON c.project_id = e.project_id AND c.year = e.year;
    ELSE
        INSERT INTO registry_labelsdue (credit_class_id)
        SELECT c.id FROM (SELECT DISTINCT project_id, year FROM known WHERE kind = 'issuance') k
        JOIN registry_creditclass c ON c.project_id = k.project_id AND c.year = k.year;
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_told AFTER INSERT ON registry_registryentry
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION registry_entries_told();
CREATE TRIGGER registry_labels_retold AFTER UPDATE ON registry_registryentry
    REFERENCING NEW TABLE AS told OLD TABLE AS known
    FOR EACH STATEMENT EXECUTE FUNCTION registry_entries_told();
CREATE TRIGGER registry_labels_gone AFTER DELETE ON registry_registryentry
    REFERENCING OLD TABLE AS known FOR EACH STATEMENT EXECUTE FUNCTION registry_entries_told();

CREATE FUNCTION registry_vintages_retold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registry_labelsdue (credit_class_id)
    SELECT DISTINCT v.credit_class_id FROM (
        (SELECT id, credit_class_id, project_id, year FROM told
         EXCEPT SELECT id, credit_class_id, project_id, year FROM known)
        UNION ALL
        (SELECT id, credit_class_id, project_id, year FROM known
         EXCEPT SELECT id, credit_class_id, project_id, year FROM told)
    ) v WHERE v.credit_class_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_retold AFTER UPDATE ON registry_vintage
    REFERENCING NEW TABLE AS told OLD TABLE AS known
    FOR EACH STATEMENT EXECUTE FUNCTION registry_vintages_retold();

CREATE FUNCTION registry_goals_retold() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registry_labelsdue (credit_class_id)
    SELECT c.id FROM (
        SELECT id, registry_id, sdgs FROM told EXCEPT SELECT id, registry_id, sdgs FROM known
    ) p JOIN registry_creditclass c ON c.project_id = p.id;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_retold AFTER UPDATE ON registry_project
    REFERENCING NEW TABLE AS told OLD TABLE AS known
    FOR EACH STATEMENT EXECUTE FUNCTION registry_goals_retold();

CREATE FUNCTION registry_grant_told() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registry_labelsdue (credit_class_id)
    SELECT c.id FROM registry_creditclass c WHERE c.project_id IN (OLD.project_id, NEW.project_id)
    UNION
    SELECT v.credit_class_id FROM registry_vintage v
    WHERE v.id IN (OLD.vintage_id, NEW.vintage_id) AND v.credit_class_id IS NOT NULL
    UNION
    SELECT v.credit_class_id FROM unnest(ARRAY[OLD.grams, NEW.grams]) g (grams)
    CROSS JOIN LATERAL registry_blocks_reached(g.grams) b
    JOIN registry_vintage v ON v.id = b.vintage_id
    WHERE b.state = 'immobilised' AND v.credit_class_id IS NOT NULL;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_told AFTER INSERT OR UPDATE OR DELETE ON registry_labelgrant
    FOR EACH ROW EXECUTE FUNCTION registry_grant_told();

CREATE FUNCTION registry_words_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO registry_labelsdue (credit_class_id) VALUES (NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER registry_labels_told AFTER INSERT OR UPDATE OR DELETE ON registry_labelspelling
    FOR EACH STATEMENT EXECUTE FUNCTION registry_words_changed();
CREATE TRIGGER registry_labels_told AFTER INSERT OR DELETE OR UPDATE OF code, broader_id
    ON registry_label FOR EACH STATEMENT EXECUTE FUNCTION registry_words_changed();

INSERT INTO registry_labelword (registry_id, text)
SELECT DISTINCT s.registry_id, w.text FROM registry_serialblock b
JOIN registry_serialseries s ON s.id = b.series_id, unnest(b.certifications) w (text)
UNION SELECT DISTINCT e.registry_id, w.text FROM registry_registryentry e, unnest(e.labels) w (text);
INSERT INTO registry_labelsdue (credit_class_id) VALUES (NULL);
"""
UNDO_TOLD = """
DROP TRIGGER registry_labels_told ON registry_label;
DROP TRIGGER registry_labels_told ON registry_labelspelling;
DROP FUNCTION registry_words_changed();
DROP TRIGGER registry_labels_told ON registry_labelgrant;
DROP FUNCTION registry_grant_told();
DROP TRIGGER registry_labels_retold ON registry_project;
DROP FUNCTION registry_goals_retold();
DROP TRIGGER registry_labels_retold ON registry_vintage;
DROP FUNCTION registry_vintages_retold();
DROP TRIGGER registry_labels_gone ON registry_registryentry;
DROP TRIGGER registry_labels_retold ON registry_registryentry;
DROP TRIGGER registry_labels_told ON registry_registryentry;
DROP FUNCTION registry_entries_told();
DROP TRIGGER registry_labels_gone ON registry_serialblock;
DROP TRIGGER registry_labels_retold ON registry_serialblock;
DROP TRIGGER registry_labels_told ON registry_serialblock;
DROP FUNCTION registry_blocks_told();
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0020_labels_and_ratings")]
    operations = [
        migrations.RunSQL(FUNCTIONS, UNDO_FUNCTIONS),
        migrations.RunSQL(VIEWS, UNDO_VIEWS),
        migrations.RunSQL(CIRCLES, UNDO_CIRCLES),
        migrations.RunSQL(GRANT_GRAMS, UNDO_GRANT_GRAMS),
        migrations.RunSQL(DUE, UNDO_DUE),
        migrations.RunSQL(TOLD, UNDO_TOLD),
    ]
