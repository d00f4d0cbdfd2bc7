"""A market in use keeps its assets and increments.

Resting orders and the journal are in those units: with others, prices times sizes would no longer
be exact and a replay would come to something else.
"""

from django.db import migrations

FORWARD = """
CREATE FUNCTION orderbook_product_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM orderbook_command
        WHERE id >= NEW.id::bigint << 40 AND id < (NEW.id::bigint + 1) << 40
    ) THEN
        RAISE EXCEPTION 'product % is in use: it keeps its assets and increments', NEW.code
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_product_units
    BEFORE UPDATE OF base_id, quote_id, price_increment, size_increment ON orderbook_product
    FOR EACH ROW
    WHEN ((OLD.base_id, OLD.quote_id, OLD.price_increment, OLD.size_increment)
          IS DISTINCT FROM (NEW.base_id, NEW.quote_id, NEW.price_increment, NEW.size_increment))
    EXECUTE FUNCTION orderbook_product_guard();
"""

BACKWARD = """
DROP TRIGGER orderbook_product_units ON orderbook_product;
DROP FUNCTION orderbook_product_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0005_command_ids")]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
