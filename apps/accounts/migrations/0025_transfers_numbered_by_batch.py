"""Transfers are numbered by batch and place, and the fees of trades leave the indexes by balance.

A value of the sequence is the number of a batch; its rows have the numbers from there on. Rows of
before keep theirs, all below the first of these, and stay in the indexes, whatever they are.

Docs: docs/adr/0018-fees-of-trades-stand-behind-them.md.
"""

from django.db import migrations, models

PLACES = 1 << 24
NUMBERED_FROM = 1 << 40
IS_FEE_OF_TRADE = models.Q(("id__gte", NUMBERED_FROM), ("kind", 2), ("reference__gte", 1 << 40))

# Whoever went back behind this migration and wrote more cannot come here again: those rows would be
# taken for rows of batches.
FORWARD = f"""
DO $$ BEGIN
    IF EXISTS (SELECT FROM accounts_transfer
               WHERE id >= {NUMBERED_FROM} AND batch % {PLACES} <> 0) THEN
        RAISE EXCEPTION 'transfers from % on were numbered row by row', {NUMBERED_FROM};
    END IF;
END $$;
ALTER TABLE accounts_transfer ALTER COLUMN id
    SET INCREMENT BY {PLACES} SET START WITH {NUMBERED_FROM};
SELECT setval('accounts_transfer_id_seq',
    greatest({NUMBERED_FROM}, (coalesce(max(id), 0) / {PLACES} + 1) * {PLACES}), false)
FROM accounts_transfer;
DROP SEQUENCE accounts_transfer_batch;
"""
# Numbers go on behind the last one, and so do those of batches.
BACKWARD = """
ALTER TABLE accounts_transfer ALTER COLUMN id SET INCREMENT BY 1 SET START WITH 1;
CREATE SEQUENCE accounts_transfer_batch;
SELECT setval('accounts_transfer_id_seq', coalesce(max(id), 1), max(id) IS NOT NULL),
    setval('accounts_transfer_batch', coalesce(max(batch), 1), max(id) IS NOT NULL)
FROM accounts_transfer;
"""


def index(field: str, name: str) -> migrations.AddIndex:
    return migrations.AddIndex(
        model_name="transfer",
        index=models.Index(fields=[field, "id"], condition=~IS_FEE_OF_TRADE, name=name),
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0024_webhooks_of_quotes")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        index("from_balance", "accounts_transfer_leaves"),
        index("to_balance", "accounts_transfer_reaches"),
        migrations.RemoveIndex(model_name="transfer", name="accounts_transfer_from"),
        migrations.RemoveIndex(model_name="transfer", name="accounts_transfer_to"),
    ]
