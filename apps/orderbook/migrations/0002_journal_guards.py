"""What the database does for the journal.

A product comes with its command sequence, whose values carry the product in their high bits
(`apps.orderbook.ids`), and with its lease row. Commands, events and fills are append-only.
"""

from django.db import migrations

APPEND_ONLY = ("command", "event", "fill")

FORWARD = """
CREATE FUNCTION orderbook_product_created() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE first bigint := (NEW.id::bigint << 40) + 1;
BEGIN
    IF NEW.id >= 1 << 23 THEN
        RAISE EXCEPTION 'product id % does not fit row ids', NEW.id;
    END IF;
    EXECUTE format(
        'CREATE SEQUENCE orderbook_command_%s AS bigint MINVALUE %s MAXVALUE %s START %s',
        NEW.id, first, first + (1::bigint << 40) - 2, first);
    INSERT INTO orderbook_productlease (product_id, cursor) VALUES (NEW.id, first - 1);
    RETURN NULL;
END $$;
CREATE TRIGGER orderbook_product_created AFTER INSERT ON orderbook_product
    FOR EACH ROW EXECUTE FUNCTION orderbook_product_created();

ALTER TABLE orderbook_order SET (fillfactor = 80);
""" + "".join(
    f"""
CREATE TRIGGER orderbook_{table}_append_only BEFORE UPDATE OR DELETE ON orderbook_{table}
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER orderbook_{table}_no_truncate BEFORE TRUNCATE ON orderbook_{table}
    FOR EACH STATEMENT EXECUTE FUNCTION accounts_append_only();
"""
    for table in APPEND_ONLY
)

BACKWARD = (
    "".join(
        f"""
DROP TRIGGER orderbook_{table}_no_truncate ON orderbook_{table};
DROP TRIGGER orderbook_{table}_append_only ON orderbook_{table};
"""
        for table in APPEND_ONLY
    )
    + """
DROP TRIGGER orderbook_product_created ON orderbook_product;
DROP FUNCTION orderbook_product_created();
"""
)


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0001_initial"), ("accounts", "0002_ledger_guards")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
