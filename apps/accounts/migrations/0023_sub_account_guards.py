"""What the database itself refuses about sub-accounts, whoever asks.

- A sub-account belongs to the main account of its organisation, and keeps it. It is closed once,
  only when empty, and is never deleted.
- A member is limited to accounts of the same organisation.
- An amount moves between two accounts of one organisation, never into a closed one; a transfer of
  that kind is just what its move says. Moves are append-only.
"""

from django.db import migrations

from apps.accounts.history_triggers import record_history

FORWARD = """
CREATE FUNCTION accounts_sub_account_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'a sub-account is never deleted' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (
            SELECT FROM accounts_owner p WHERE p.id = NEW.parent_id
            AND p.organisation_id = NEW.organisation_id AND p.parent_id IS NULL
        ) THEN
            RAISE EXCEPTION 'a sub-account is under the main account of its organisation'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.parent_id, NEW.public_id, NEW.opened_at)
       IS DISTINCT FROM (OLD.parent_id, OLD.public_id, OLD.opened_at) THEN
        RAISE EXCEPTION 'an owner keeps who it is' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.closed_at IS NOT NULL AND NEW IS DISTINCT FROM OLD THEN
        RAISE EXCEPTION 'a closed account stays closed' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.closed_at IS NULL AND NEW.closed_at IS NOT NULL THEN
        PERFORM FROM accounts_balance WHERE owner_id = OLD.id ORDER BY id FOR NO KEY UPDATE;
        IF EXISTS (SELECT FROM accounts_balance
                   WHERE owner_id = OLD.id AND (available <> 0 OR held <> 0)) THEN
            RAISE EXCEPTION 'an account is closed only when empty'
                USING ERRCODE = 'restrict_violation';
        END IF;
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER accounts_sub_account_opened BEFORE INSERT ON accounts_owner
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL) EXECUTE FUNCTION accounts_sub_account_guard();
CREATE TRIGGER accounts_sub_account_changed BEFORE UPDATE ON accounts_owner
    FOR EACH ROW WHEN (OLD.parent_id IS NOT NULL OR NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION accounts_sub_account_guard();
CREATE TRIGGER accounts_sub_account_kept BEFORE DELETE ON accounts_owner
    FOR EACH ROW WHEN (OLD.parent_id IS NOT NULL) EXECUTE FUNCTION accounts_sub_account_guard();
CREATE TRIGGER history AFTER INSERT OR UPDATE ON accounts_owner
    FOR EACH ROW WHEN (NEW.parent_id IS NOT NULL)
    EXECUTE FUNCTION accounts_record_change('{}', '{}');

CREATE FUNCTION accounts_membershipaccount_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM accounts_membership m
        JOIN accounts_owner o ON o.organisation_id = m.organisation_id
        WHERE m.id = NEW.membership_id AND o.id = NEW.account_id
    ) THEN
        RAISE EXCEPTION 'a member is limited to accounts of their organisation'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_membershipaccount_guard
    BEFORE INSERT OR UPDATE ON accounts_membershipaccount
    FOR EACH ROW EXECUTE FUNCTION accounts_membershipaccount_guard();

CREATE FUNCTION accounts_accountmove_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    -- One after the other with whoever closes it.
    PERFORM FROM accounts_owner WHERE id = NEW.to_owner_id FOR SHARE;
    IF NOT EXISTS (
        SELECT FROM accounts_owner f JOIN accounts_owner t ON t.organisation_id = f.organisation_id
        WHERE f.id = NEW.from_owner_id AND t.id = NEW.to_owner_id AND t.closed_at IS NULL
    ) THEN
        RAISE EXCEPTION 'an amount moves between accounts of one organisation that are open'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER accounts_accountmove_guard BEFORE INSERT ON accounts_accountmove
    FOR EACH ROW EXECUTE FUNCTION accounts_accountmove_guard();
CREATE TRIGGER accounts_accountmove_append_only BEFORE UPDATE OR DELETE ON accounts_accountmove
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER accounts_accountmove_no_truncate BEFORE TRUNCATE ON accounts_accountmove
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();

CREATE OR REPLACE FUNCTION accounts_transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE bad record;
BEGIN
    -- In one pass: a transfer of another kind costs a look at its kind.
    SELECT t.id, f.asset_id IS NOT DISTINCT FROM g.asset_id AND f.id IS NOT NULL AS is_one_asset
    INTO bad
    FROM inserted t
    LEFT JOIN accounts_balance f ON f.id = t.from_balance_id
    LEFT JOIN accounts_balance g ON g.id = t.to_balance_id
    WHERE f.asset_id IS DISTINCT FROM g.asset_id OR f.id IS NULL
       OR t.kind = 15 AND NOT EXISTS (
           SELECT FROM accounts_accountmove m WHERE m.id = t.reference AND m.amount = t.amount
           AND (m.from_owner_id, m.to_owner_id, m.asset_id) = (f.owner_id, g.owner_id, f.asset_id)
       )
    LIMIT 1;
    IF NOT FOUND THEN
        RETURN NULL;
    ELSIF bad.is_one_asset THEN
        RAISE EXCEPTION 'transfer % is not what its move between accounts says', bad.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RAISE EXCEPTION 'transfer % does not join two balances of one asset', bad.id
        USING ERRCODE = 'foreign_key_violation';
END $$;
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION accounts_transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
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
DROP TRIGGER accounts_accountmove_no_truncate ON accounts_accountmove;
DROP TRIGGER accounts_accountmove_append_only ON accounts_accountmove;
DROP TRIGGER accounts_accountmove_guard ON accounts_accountmove;
DROP FUNCTION accounts_accountmove_guard();
DROP TRIGGER accounts_membershipaccount_guard ON accounts_membershipaccount;
DROP FUNCTION accounts_membershipaccount_guard();
DROP TRIGGER history ON accounts_owner;
DROP TRIGGER accounts_sub_account_kept ON accounts_owner;
DROP TRIGGER accounts_sub_account_changed ON accounts_owner;
DROP TRIGGER accounts_sub_account_opened ON accounts_owner;
DROP FUNCTION accounts_sub_account_guard();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accounts", "0022_sub_accounts"),
    ]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("accounts_membershipaccount"),
        record_history("accounts_invitation_accounts"),
    ]
