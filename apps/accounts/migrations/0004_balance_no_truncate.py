"""A balance is never deleted: not by TRUNCATE either, which fires no row trigger."""

from django.db import migrations

FORWARD = """
CREATE TRIGGER accounts_balance_no_truncate BEFORE TRUNCATE ON accounts_balance
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""

BACKWARD = "DROP TRIGGER accounts_balance_no_truncate ON accounts_balance;"


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_wallet_nonce_and_auditor")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
