"""What the database itself refuses about the ledger, whoever asks.

- `accounts_append_only()` refuses UPDATE, DELETE and TRUNCATE; other apps use it for their own
  histories. A test database may be emptied: its connections set `ccmarket.allow_truncate`.
- Transfers are checked once per statement, so that a COPY of thousands costs one join.
- A balance never changes owner or asset, is never deleted, and only the owner named `custody`
  makes it exempt from "not negative".
"""

from django.db import migrations

FORWARD = """
CREATE SEQUENCE accounts_transfer_batch;

CREATE FUNCTION accounts_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'TRUNCATE' AND current_setting('ccmarket.allow_truncate', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION '% is append-only: % refused', TG_TABLE_NAME, TG_OP
        USING ERRCODE = 'restrict_violation';
END $$;

CREATE TRIGGER accounts_transfer_append_only BEFORE UPDATE OR DELETE ON accounts_transfer
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_transfer_no_truncate BEFORE TRUNCATE ON accounts_transfer
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

CREATE FUNCTION accounts_transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad bigint;
BEGIN
    SELECT t.id INTO bad
    FROM inserted t
    LEFT JOIN accounts_balance f ON f.id = t.from_balance_id
    LEFT JOIN accounts_balance g ON g.id = t.to_balance_id
    WHERE f.asset_id IS DISTINCT FROM g.asset_id OR f.id IS NULL
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'transfer % does not join two balances of one asset', bad
            USING ERRCODE = 'foreign_key_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER accounts_transfer_check AFTER INSERT ON accounts_transfer
    REFERENCING NEW TABLE AS inserted
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_transfer_check();

CREATE FUNCTION accounts_balance_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a balance is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'UPDATE' AND (NEW.owner_id, NEW.asset_id) <> (OLD.owner_id, OLD.asset_id) THEN
        RAISE EXCEPTION 'a balance keeps its owner and asset' USING ERRCODE = 'restrict_violation';
    END IF;
    NEW.is_custody := EXISTS (
        SELECT FROM accounts_owner WHERE id = NEW.owner_id AND platform_name = 'custody'
    );
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_balance_identity
    BEFORE INSERT OR UPDATE OF owner_id, asset_id, is_custody ON accounts_balance
    FOR EACH ROW EXECUTE FUNCTION accounts_balance_guard();
CREATE TRIGGER accounts_balance_keep BEFORE DELETE ON accounts_balance
    FOR EACH ROW EXECUTE FUNCTION accounts_balance_guard();

CREATE FUNCTION accounts_owner_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'an owner keeps who it is' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER accounts_owner_identity
    BEFORE UPDATE OF user_id, organisation_id, platform_name ON accounts_owner
    FOR EACH ROW
    WHEN ((OLD.user_id, OLD.organisation_id, OLD.platform_name)
          IS DISTINCT FROM (NEW.user_id, NEW.organisation_id, NEW.platform_name))
    EXECUTE FUNCTION accounts_owner_guard();

ALTER TABLE accounts_balance SET (fillfactor = 70);
"""

BACKWARD = """
DROP TRIGGER accounts_owner_identity ON accounts_owner;
DROP FUNCTION accounts_owner_guard();
DROP TRIGGER accounts_balance_keep ON accounts_balance;
DROP TRIGGER accounts_balance_identity ON accounts_balance;
DROP FUNCTION accounts_balance_guard();
DROP TRIGGER accounts_transfer_check ON accounts_transfer;
DROP FUNCTION accounts_transfer_check();
DROP TRIGGER accounts_transfer_no_truncate ON accounts_transfer;
DROP TRIGGER accounts_transfer_append_only ON accounts_transfer;
DROP FUNCTION accounts_append_only();
DROP SEQUENCE accounts_transfer_batch;
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
