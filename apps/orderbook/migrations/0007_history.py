"""Every change of a market is in the history."""

from django.db import migrations

from apps.accounts.history_triggers import record_history


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0006_product_keeps_its_units"), ("accounts", "0005_history")]
    operations = [record_history("orderbook_product")]
