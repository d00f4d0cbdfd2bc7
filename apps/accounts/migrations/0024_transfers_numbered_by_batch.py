"""Transfers are numbered by batch and place, and the fees of trades leave the indexes by balance.

A value of the sequence is the number of a batch; its rows have the numbers from there on. Rows of
before keep theirs, all below the first of these, and stay in the indexes, whatever they are.

Docs: docs/adr/0018-fees-of-trades-stand-behind-them.md.
"""

from django.db import migrations, models

PLACES = 1 << 24
NUMBERED_FROM = 1 << 40
IS_FEE_OF_TRADE = models.Q(("id__gte", NUMBERED_FROM), ("kind", 2), ("reference__gte", 1 << 40))

FORWARD = f"""
ALTER TABLE accounts_transfer ALTER COLUMN id
    SET INCREMENT BY {PLACES} SET START WITH {NUMBERED_FROM} RESTART WITH {NUMBERED_FROM};
DROP SEQUENCE accounts_transfer_batch;
"""
# Numbers go on behind the last one, and so do those of batches.
BACKWARD = """
ALTER TABLE accounts_transfer ALTER COLUMN id SET INCREMENT BY 1 SET START WITH 1;
CREATE SEQUENCE accounts_transfer_batch;
SELECT setval('accounts_transfer_batch', max(batch)) FROM accounts_transfer;
SELECT setval('accounts_transfer_id_seq', max(id)) FROM accounts_transfer;
"""


def index(field: str, name: str) -> migrations.AddIndex:
    return migrations.AddIndex(
        model_name="transfer",
        index=models.Index(fields=[field, "id"], condition=~IS_FEE_OF_TRADE, name=name),
    )


class Migration(migrations.Migration):
    dependencies = [("accounts", "0023_sub_account_guards")]

    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        index("from_balance", "accounts_transfer_leaves"),
        index("to_balance", "accounts_transfer_reaches"),
        migrations.RemoveIndex(model_name="transfer", name="accounts_transfer_from"),
        migrations.RemoveIndex(model_name="transfer", name="accounts_transfer_to"),
    ]
