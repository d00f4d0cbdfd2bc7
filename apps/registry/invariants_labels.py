"""What must always be true of labels, recomputed from blocks, entries and grants.

As in `invariants.py`: one line for each thing that is broken, nothing when all is well.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection

CARRIED = """
SELECT coalesce(c.code, 'class ' || credit_class_id), l.code, k.days::text, k.whole_days::text,
       f.days::text, f.whole_days::text
FROM registry_carriedlabel k
FULL JOIN registry_class_labels(NULL) f USING (credit_class_id, label_id)
LEFT JOIN registry_creditclass c ON c.id = credit_class_id
LEFT JOIN registry_label l ON l.id = label_id
WHERE (k.days, k.whole_days) IS DISTINCT FROM (f.days, f.whole_days)
ORDER BY 1, 2
"""


def classes_carry_the_labels_of_their_blocks() -> Iterator[str]:
    """What each class carries, and on which days, is what its blocks in custody have."""
    with connection.cursor() as cursor:
        cursor.execute(CARRIED)
        rows = list(cursor.fetchall())
    for code, label, days, whole_days, had, whole_had in rows:
        yield (
            f"{code}: {label} on {days}, whole on {whole_days}; "
            f"its blocks have it on {had}, all of them on {whole_had}"
        )
