"""Every change of the registry by people is in the history; a file's are the import's own record.

The free grams of a block follow from its spans, which are never changed: they are no history.
"""

from django.db import migrations

from apps.accounts.history_triggers import CHANGES, record_history

BLOCK_COLUMNS = (
    'series_id, vintage_id, serial, start, "end", base, state, issued_on, retired_on, '
    "retirement_beneficiary, retirement_reason, retirement_details, certifications"
)


class Migration(migrations.Migration):
    dependencies = [("registry", "0004_registry_entries"), ("accounts", "0005_history")]
    operations = [
        record_history("registry_registry"),
        record_history(
            "registry_project", events=CHANGES, ignored=("updated_at",), but_imports=True
        ),
        record_history("registry_vintage", events=CHANGES, but_imports=True),
        record_history("registry_creditclass"),
        record_history(
            "registry_serialblock",
            events=f"UPDATE OF {BLOCK_COLUMNS} OR DELETE",
            ignored=("free",),
            but_imports=True,
        ),
        record_history("registry_registryentry", events=CHANGES, but_imports=True),
        record_history("registry_custodyreceipt"),
        record_history("registry_retirement", events=CHANGES),
    ]
