"""The database refuses to carry out a bulk order for an organisation that is not verified.

A deployment that wants nobody verified says so in each transaction (`verified_require`).
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orderbook_bulkexecution_verified() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM orderbook_bulkorder o
        JOIN accounts_owner w ON w.id = o.owner_id
        JOIN accounts_organisation g ON g.id = w.organisation_id
        WHERE o.id = NEW.order_id
          AND coalesce(g.verified_until < (now() AT TIME ZONE 'UTC')::date, true)
    ) THEN
        RAISE EXCEPTION 'the organisation is not verified' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orderbook_bulkexecution_verified
    BEFORE INSERT OR UPDATE OF started_at ON orderbook_bulkexecution
    FOR EACH ROW
    WHEN (coalesce(current_setting('ccmarket.organisation_verification', true), '') <> 'off')
    EXECUTE FUNCTION orderbook_bulkexecution_verified();
"""

BACKWARD = """
DROP TRIGGER orderbook_bulkexecution_verified ON orderbook_bulkexecution;
DROP FUNCTION orderbook_bulkexecution_verified();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0021_bulk_orders_over_time"),
        ("accounts", "0019_verification_guards"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
