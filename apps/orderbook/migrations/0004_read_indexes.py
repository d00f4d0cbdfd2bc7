"""What reading needs: an owner's open orders, and trades by time."""

from django.contrib.postgres.indexes import BrinIndex
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0003_done_reason_invalid")]

    operations = [
        migrations.AddIndex(
            model_name="fill",
            index=BrinIndex(
                autosummarize=True,
                fields=["created_at"],
                name="orderbook_fill_time",
                pages_per_range=32,
            ),
        ),
        migrations.AddIndex(
            model_name="order",
            index=models.Index(
                condition=models.Q(("status", 1)),
                fields=["owner", "id"],
                name="orderbook_order_owner_open",
            ),
        ),
    ]
