"""What staff change of the taxonomy is in the history; the seed is not, nobody changed that."""

from django.db import migrations

from apps.accounts.history_triggers import record_history

TABLES = ("typecategory", "projecttype", "methodology", "typespelling", "methodologyspelling")


class Migration(migrations.Migration):
    dependencies = [("registry", "0009_seed_taxonomy")]
    operations = [record_history(f"registry_{table}") for table in TABLES]
