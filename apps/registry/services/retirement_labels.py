"""What a certificate says of labels: those that the grams had when they were retired."""

from __future__ import annotations

from django.db import connection

from apps.registry.models import Retirement

# Of how many grams each label is, with all that is broader; what is as much of a narrower one
# goes without saying.
KEEP = """
WITH spans AS (
    SELECT s.block_id, upper(s.grams) - lower(s.grams) AS grams
    FROM registry_span s WHERE s.retirement_id = %(retirement)s
), had AS (
    SELECT DISTINCT l.block_id, m.means_id AS label_id
    FROM registry_block_labels(ARRAY(SELECT s.block_id FROM spans s)) l
    JOIN registry_labelmeaning m USING (label_id)
    WHERE l.days @> current_date
), sums AS (
    SELECT h.label_id, sum(s.grams) AS grams FROM had h JOIN spans s USING (block_id) GROUP BY 1
)
INSERT INTO registry_retirementlabel (retirement_id, label_id, name, grams)
SELECT %(retirement)s, l.id, l.name, s.grams FROM sums s JOIN registry_label l ON l.id = s.label_id
WHERE NOT EXISTS (
    SELECT FROM sums n JOIN registry_label narrower ON narrower.id = n.label_id
    WHERE narrower.broader_id = l.id AND n.grams = s.grams)
"""


def retirement_labels_keep(*, retirement: Retirement) -> None:
    """Write down the labels of a new retirement's grams, once its spans are there.

    Within its transaction: what the registry or staff say later changes nothing of it.
    """
    with connection.cursor() as cursor:
        cursor.execute(KEEP, {"retirement": retirement.pk})
