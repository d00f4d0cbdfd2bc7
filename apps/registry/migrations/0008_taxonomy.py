"""One taxonomy for all registries' types and methodologies (docs/adr/0009).

What a project is follows from what its registry says and from how staff map that; the database
works it out anew whenever either changes.
"""

import django.db.models.deletion
from django.db import migrations, models

FOLD = r"""
CREATE FUNCTION registry_fold(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT btrim(regexp_replace(
        lower($1), '[][[:space:]\u00a0.,;:_/()''"“”‘’&+*#–—‑−-]+', ' ', 'g'))
$$;
"""
CLASSIFY = """
CREATE FUNCTION registry_classify(projects bigint[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    -- One after another: what a spelling stands for and what a project says must meet.
    PERFORM pg_advisory_xact_lock(hashtext('registry_classify'));
    DELETE FROM registry_projectterm WHERE projects IS NULL OR project_id = ANY (projects);
    WITH said AS (
        SELECT p.id, p.registry_id, term.* FROM registry_project p,
        LATERAL (
            SELECT 'own', 1, 1::bigint, p.kind
            UNION ALL SELECT 'activity', 2, a.position, btrim(a.text)
            FROM unnest(p.afolu_activities) WITH ORDINALITY a (text, position)
            UNION ALL SELECT 'methodology', 3, row_number() OVER (ORDER BY m.position, i.position),
                             btrim(i.text)
            FROM unnest(p.methodologies) WITH ORDINALITY m (text, position),
                 regexp_split_to_table(m.text, ';') WITH ORDINALITY i (text, position)
            UNION ALL SELECT 'type', 4, t.position, btrim(t.text)
            FROM regexp_split_to_table(p.project_type, ';') WITH ORDINALITY t (text, position)
        ) term (kind, rank, position, text)
        WHERE (projects IS NULL OR p.id = ANY (projects)) AND term.text <> ''
    ), texts AS (
        SELECT DISTINCT registry_id, kind, text, registry_fold(text) || ' ' AS folded FROM said
    ), meant AS (
        SELECT t.*, m.id AS methodology_id, coalesce(y.type_id, m.type_id) AS type_id,
               coalesce(m.id, y.type_id) IS NOT NULL AS is_known
        FROM texts t
        LEFT JOIN LATERAL (
            SELECT m.id, m.type_id FROM registry_methodologyspelling s
            JOIN registry_methodology m ON m.id = s.methodology_id
            WHERE t.kind = 'methodology' AND starts_with(t.folded, s.folded || ' ')
            ORDER BY length(s.folded) DESC LIMIT 1
        ) m ON true
        LEFT JOIN LATERAL (
            SELECT s.type_id FROM registry_typespelling s
            WHERE t.kind <> 'methodology' AND starts_with(t.folded, s.folded || ' ')
              AND (s.registry_id IS NULL OR s.registry_id = t.registry_id)
            ORDER BY length(s.folded) DESC, s.registry_id NULLS LAST LIMIT 1
        ) y ON true
    )
    INSERT INTO registry_projectterm
        (project_id, kind, rank, position, text, type_id, methodology_id, is_known)
    SELECT s.id, s.kind, s.rank, s.position, s.text, m.type_id, m.methodology_id, m.is_known
    FROM said s JOIN meant m USING (registry_id, kind, text);

    INSERT INTO registry_projecttaxonomy AS known (project_id, type_id, basis)
    SELECT p.id, coalesce(best.type_id, other.id), coalesce(best.kind, '')
    FROM registry_project p
    LEFT JOIN LATERAL (
        SELECT t.type_id, t.kind FROM registry_projectterm t
        JOIN registry_projecttype y ON y.id = t.type_id
        WHERE t.project_id = p.id
        ORDER BY t.kind <> 'own', y.is_general, t.rank, t.position LIMIT 1
    ) best ON true
    LEFT JOIN registry_projecttype other ON other.code = 'other'
    WHERE (projects IS NULL OR p.id = ANY (projects))
      AND coalesce(best.type_id, other.id) IS NOT NULL
    ON CONFLICT (project_id) DO UPDATE SET type_id = excluded.type_id, basis = excluded.basis
    WHERE (known.type_id, known.basis) <> (excluded.type_id, excluded.basis);
END $$;

CREATE FUNCTION registry_project_said() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE changed bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        changed := ARRAY(SELECT id FROM told);
    ELSE
        changed := ARRAY(
            SELECT t.id FROM told t JOIN known k USING (id)
            WHERE (t.registry_id, t.kind, t.project_type, t.methodologies, t.afolu_activities)
                  <> (k.registry_id, k.kind, k.project_type, k.methodologies, k.afolu_activities));
    END IF;
    IF changed <> '{}' THEN
        PERFORM registry_classify(changed);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER registry_project_classified AFTER INSERT ON registry_project
    REFERENCING NEW TABLE AS told FOR EACH STATEMENT EXECUTE FUNCTION registry_project_said();
CREATE TRIGGER registry_project_reclassified AFTER UPDATE ON registry_project
    REFERENCING NEW TABLE AS told OLD TABLE AS known
    FOR EACH STATEMENT EXECUTE FUNCTION registry_project_said();

CREATE FUNCTION registry_taxonomy_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM registry_classify(NULL);
    RETURN NULL;
END $$;
CREATE TRIGGER registry_taxonomy_changed AFTER INSERT OR UPDATE OR DELETE ON registry_typespelling
    FOR EACH STATEMENT EXECUTE FUNCTION registry_taxonomy_changed();
CREATE TRIGGER registry_taxonomy_changed
    AFTER INSERT OR UPDATE OR DELETE ON registry_methodologyspelling
    FOR EACH STATEMENT EXECUTE FUNCTION registry_taxonomy_changed();
CREATE TRIGGER registry_taxonomy_changed AFTER UPDATE OF type_id ON registry_methodology
    FOR EACH STATEMENT EXECUTE FUNCTION registry_taxonomy_changed();
CREATE TRIGGER registry_taxonomy_changed AFTER INSERT OR UPDATE OF code, is_general
    ON registry_projecttype
    FOR EACH STATEMENT EXECUTE FUNCTION registry_taxonomy_changed();

CREATE VIEW registry_unmappedterm AS
SELECT r.code || ' ' || t.kind || ' ' || t.text AS id, p.registry_id, t.kind, t.text,
       count(*)::int AS projects
FROM registry_projectterm t JOIN registry_project p ON p.id = t.project_id
JOIN registry_registry r ON r.id = p.registry_id
WHERE NOT t.is_known GROUP BY r.code, p.registry_id, t.kind, t.text;
"""
UNDO = """
DROP VIEW registry_unmappedterm;
DROP TRIGGER registry_taxonomy_changed ON registry_projecttype;
DROP TRIGGER registry_taxonomy_changed ON registry_methodology;
DROP TRIGGER registry_taxonomy_changed ON registry_methodologyspelling;
DROP TRIGGER registry_taxonomy_changed ON registry_typespelling;
DROP FUNCTION registry_taxonomy_changed();
DROP TRIGGER registry_project_reclassified ON registry_project;
DROP TRIGGER registry_project_classified ON registry_project;
DROP FUNCTION registry_project_said();
DROP FUNCTION registry_classify(bigint[]);
"""


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0007_import_changes_and_alarms"),
    ]

    operations = [
        migrations.RunSQL(FOLD, "DROP FUNCTION registry_fold(text);"),
        migrations.CreateModel(
            name="UnmappedTerm",
            fields=[
                ("id", models.TextField(primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("own", "Our own word"),
                            ("activity", "Activity"),
                            ("methodology", "Methodology"),
                            ("type", "Type"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("text", models.TextField(verbose_name="text")),
                ("projects", models.IntegerField(verbose_name="projects")),
            ],
            options={
                "verbose_name": "spelling to be mapped",
                "verbose_name_plural": "spellings to be mapped",
                "db_table": "registry_unmappedterm",
                "managed": False,
            },
        ),
        migrations.CreateModel(
            name="ProjectType",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
                (
                    "effect",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("removal", "Removal"),
                            ("reduction", "Reduction"),
                            ("mixed", "Removal and reduction"),
                        ],
                        help_text="For credits whose registry does not label them.",
                        max_length=10,
                        verbose_name="effect",
                    ),
                ),
                (
                    "is_general",
                    models.BooleanField(
                        default=False,
                        help_text="Says little: any other type that fits the project counts before it.",
                        verbose_name="general",
                    ),
                ),
            ],
            options={
                "verbose_name": "type of projects",
                "verbose_name_plural": "types of projects",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="TypeCategory",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.SlugField(max_length=40, unique=True, verbose_name="code")),
                ("name", models.CharField(max_length=80, verbose_name="name")),
            ],
            options={
                "verbose_name": "category of projects",
                "verbose_name_plural": "categories of projects",
                "ordering": ["name"],
            },
        ),
        migrations.CreateModel(
            name="ProjectTaxonomy",
            fields=[
                (
                    "project",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="taxonomy",
                        serialize=False,
                        to="registry.project",
                    ),
                ),
                (
                    "basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("own", "Our own word"),
                            ("activity", "Activity"),
                            ("methodology", "Methodology"),
                            ("type", "Type"),
                        ],
                        max_length=12,
                        verbose_name="basis",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="projects",
                        to="registry.projecttype",
                    ),
                ),
            ],
            options={
                "verbose_name": "type of a project",
                "verbose_name_plural": "types of the projects",
            },
        ),
        migrations.CreateModel(
            name="Methodology",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=60, unique=True, verbose_name="code")),
                ("name", models.CharField(blank=True, max_length=300, verbose_name="name")),
                ("program", models.CharField(blank=True, max_length=40, verbose_name="program")),
                ("url", models.URLField(blank=True, max_length=300, verbose_name="page")),
                (
                    "type",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="methodologies",
                        to="registry.projecttype",
                    ),
                ),
            ],
            options={
                "verbose_name": "methodology",
                "verbose_name_plural": "methodologies",
                "ordering": ["code"],
            },
        ),
        migrations.AddField(
            model_name="projecttype",
            name="category",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="types",
                to="registry.typecategory",
            ),
        ),
        migrations.CreateModel(
            name="MethodologySpelling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, verbose_name="spelling")),
                (
                    "folded",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(models.F("text"), function="registry_fold"),
                        output_field=models.TextField(),
                        verbose_name="as compared",
                    ),
                ),
                (
                    "methodology",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spellings",
                        to="registry.methodology",
                    ),
                ),
            ],
            options={
                "verbose_name": "spelling of a methodology",
                "verbose_name_plural": "spellings of methodologies",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("folded",), name="registry_methodology_spelling_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ProjectTerm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("own", "Our own word"),
                            ("activity", "Activity"),
                            ("methodology", "Methodology"),
                            ("type", "Type"),
                        ],
                        max_length=12,
                        verbose_name="kind",
                    ),
                ),
                ("rank", models.PositiveSmallIntegerField(verbose_name="rank")),
                ("position", models.PositiveSmallIntegerField(verbose_name="position")),
                ("text", models.TextField(verbose_name="text")),
                ("is_known", models.BooleanField(verbose_name="known")),
                (
                    "methodology",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="terms",
                        to="registry.methodology",
                    ),
                ),
                (
                    "project",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="terms",
                        to="registry.project",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to="registry.projecttype",
                    ),
                ),
            ],
            options={
                "verbose_name": "term of a project",
                "verbose_name_plural": "terms of projects",
                "ordering": ["project", "rank", "position"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("project", "rank", "position"), name="registry_project_term_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="TypeSpelling",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.CharField(max_length=200, verbose_name="spelling")),
                (
                    "folded",
                    models.GeneratedField(
                        db_persist=True,
                        expression=models.Func(models.F("text"), function="registry_fold"),
                        output_field=models.TextField(),
                        verbose_name="as compared",
                    ),
                ),
                (
                    "registry",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="type_spellings",
                        to="registry.registry",
                    ),
                ),
                (
                    "type",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="spellings",
                        to="registry.projecttype",
                    ),
                ),
            ],
            options={
                "verbose_name": "spelling of a type",
                "verbose_name_plural": "spellings of types",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("registry", "folded"),
                        name="registry_type_spelling_once",
                        nulls_distinct=False,
                    )
                ],
            },
        ),
        migrations.RunSQL(CLASSIFY, UNDO),
    ]
