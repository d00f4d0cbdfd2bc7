"""The engine says which numbers its transfers have: their records carry them."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0027_rows_as_records"),
        ("accounts", "0025_transfers_numbered_by_batch"),
    ]
    operations = [
        migrations.RunSQL(
            "ALTER TYPE engine_transfer ADD ATTRIBUTE id bigint",
            "ALTER TYPE engine_transfer DROP ATTRIBUTE id",
        )
    ]
