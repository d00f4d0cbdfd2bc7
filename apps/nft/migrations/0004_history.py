"""Every halt of the bridge, its end, and every rule of the pool is in the history."""

from django.db import migrations

from apps.accounts.history_triggers import record_history


class Migration(migrations.Migration):
    dependencies = [("nft", "0003_bridge_and_tokens"), ("accounts", "0005_history")]
    operations = [
        record_history("nft_bridgehalt"),
        record_history("nft_bridgeresume"),
        record_history("nft_poolrule"),
    ]
