"""The types of the rows that an engine sends as records (engine/tables.py), a column after another."""

from django.db import migrations

FORWARD = """
CREATE TYPE engine_order AS (
    id bigint, product_id bigint, owner_id bigint, side smallint, order_type smallint,
    time_in_force smallint, post_only boolean, self_trade smallint, maker_bps smallint,
    taker_bps smallint, filled_size bigint, filled_notional bigint, fees bigint, hold bigint,
    priority bigint, status smallint, created_at timestamptz, parked boolean, hidden bigint,
    price bigint, size bigint, funds bigint, done_reason smallint, done_at timestamptz,
    client_oid text, entity_id bigint, stop smallint, stop_price bigint, expires_at timestamptz,
    display_size bigint, slippage_bps smallint
);
CREATE TYPE engine_fill AS (
    id bigint, product_id bigint, maker_order_id bigint, taker_order_id bigint,
    maker_owner_id bigint, taker_owner_id bigint, taker_side smallint, price bigint, size bigint,
    notional bigint, maker_fee bigint, taker_fee bigint, created_at timestamptz
);
CREATE TYPE engine_transfer AS (
    from_balance_id bigint, to_balance_id bigint, amount bigint, kind smallint, reference bigint,
    batch bigint
);
CREATE TYPE engine_event AS (
    id bigint, command_id bigint, sequence bigint, body text, hash bytea
);
"""
REVERSE = """
DROP TYPE engine_order;
DROP TYPE engine_fill;
DROP TYPE engine_transfer;
DROP TYPE engine_event;
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0026_bulk_orders_waiting")]
    operations = [migrations.RunSQL(FORWARD, REVERSE)]
