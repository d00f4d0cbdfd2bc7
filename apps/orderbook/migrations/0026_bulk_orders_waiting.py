"""Bulk orders that wait in the books for sellers, until a deadline.

- What they wait at and until when is part of what is asked for and stays.
- A step that waits ends with the deadline that was let, and is written with its order, so that
  several may be open at once.
- No step is written that could cost more than what is left of the total, even if all steps that
  are open fill at their limits with the markets' highest fees.
"""

import importlib

from django.db import migrations, models
from django.db.models import Q

from apps.accounts.history_triggers import record_history

_BEFORE = importlib.import_module("apps.orderbook.migrations.0021_bulk_orders_over_time").AFTER
_GUARDS = importlib.import_module("apps.orderbook.migrations.0019_bulk_execution_guards").FORWARD


def _asked(row: str) -> str:
    names = ("deadline", "limit_price", "visible_bps", "at_deadline")
    return ", ".join(f"{row}.{name}" for name in names)


EXECUTION = _BEFORE.replace("NEW.over_s,", f"NEW.over_s, {_asked('NEW')},").replace(
    "OLD.over_s,", f"OLD.over_s, {_asked('OLD')},"
)
assert EXECUTION.count("at_deadline") == 2, "the guard names what was asked for twice"

# How far a worker is with what waits is no news.
_RECORDED = record_history("orderbook_bulkexecution")
_RECORDED_BUT = record_history("orderbook_bulkexecution", ignored=("spread_at",))

_BEGINS, _ENDS = "CREATE FUNCTION orderbook_bulkstep_guard()", "CREATE TRIGGER orderbook_bulkstep"
STEP_BEFORE = _GUARDS[_GUARDS.index(_BEGINS) : _GUARDS.index(_ENDS)].replace(
    "CREATE FUNCTION", "CREATE OR REPLACE FUNCTION", 1
)

STEP = """
CREATE FUNCTION orderbook_bulkstep_worst(step orderbook_bulkstep) RETURNS numeric
LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN step.over_at IS NOT NULL THEN step.notional + step.fees
                ELSE value + floor(value * p.taker_bps / 10000) END
    FROM orderbook_product p,
         LATERAL (SELECT floor(step.price::numeric * step.size / 1000000) AS value) v
    WHERE p.id = step.product_id
$$;

CREATE OR REPLACE FUNCTION orderbook_bulkstep_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE e orderbook_bulkexecution;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'steps stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        SELECT x.* INTO e FROM orderbook_bulkexecution x
        JOIN orderbook_bulkorder o ON o.id = x.order_id
        WHERE x.id = NEW.execution_id AND x.started_at IS NOT NULL AND o.state = 'running';
        IF NOT FOUND THEN
            RAISE EXCEPTION 'the order does not run' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.expires_at <> e.deadline OR (NEW.expires_at IS NOT NULL AND e.deadline IS NULL) THEN
            RAISE EXCEPTION 'nothing waits longer than was let'
                USING ERRCODE = 'restrict_violation';
        END IF;
        IF orderbook_bulkstep_worst(NEW) + coalesce((
            SELECT sum(orderbook_bulkstep_worst(s)) FROM orderbook_bulkstep s
            WHERE s.execution_id = NEW.execution_id
        ), 0) > e.total_max THEN
            RAISE EXCEPTION 'this could cost more than was let'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.execution_id, NEW.number, NEW.product_id, NEW.price, NEW.size, NEW.client_oid,
        NEW.expires_at, NEW.display_size)
       IS DISTINCT FROM
       (OLD.id, OLD.execution_id, OLD.number, OLD.product_id, OLD.price, OLD.size, OLD.client_oid,
        OLD.expires_at, OLD.display_size)
       OR (OLD.placed_id IS NOT NULL AND NEW.placed_id IS DISTINCT FROM OLD.placed_id)
       OR (OLD.cancel_asked_at IS NOT NULL AND
           NEW.cancel_asked_at IS DISTINCT FROM OLD.cancel_asked_at)
       OR (OLD.over_at IS NOT NULL AND
           (NEW.over_at, NEW.outcome, NEW.filled, NEW.notional, NEW.fees) IS DISTINCT FROM
           (OLD.over_at, OLD.outcome, OLD.filled, OLD.notional, OLD.fees))
       OR (OLD.allotted_at IS NOT NULL AND
           (NEW.allotted_at, NEW.surplus) IS DISTINCT FROM (OLD.allotted_at, OLD.surplus)) THEN
        RAISE EXCEPTION 'what came of a step stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0025_sub_accounts_trade_as_one")]
    operations = [
        migrations.AddField(
            model_name="bulkexecution",
            name="deadline",
            field=models.DateTimeField(blank=True, null=True, verbose_name="waits until"),
        ),
        migrations.AddField(
            model_name="bulkexecution",
            name="limit_price",
            field=models.BigIntegerField(
                blank=True, null=True, verbose_name="most a tonne may cost"
            ),
        ),
        migrations.AddField(
            model_name="bulkexecution",
            name="visible_bps",
            field=models.PositiveSmallIntegerField(
                db_default=10_000, default=10_000, verbose_name="part in sight, basis points"
            ),
        ),
        migrations.AddField(
            model_name="bulkexecution",
            name="at_deadline",
            field=models.CharField(
                choices=[("cancel", "Leave it open"), ("buy", "Buy it at once")],
                db_default="cancel",
                default="cancel",
                max_length=6,
                verbose_name="what is left at the deadline",
            ),
        ),
        migrations.AddField(
            model_name="bulkexecution",
            name="spread_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddConstraint(
            model_name="bulkexecution",
            constraint=models.CheckConstraint(
                name="orderbook_bulkexecution_waits",
                condition=Q(
                    deadline__isnull=True,
                    limit_price__isnull=True,
                    visible_bps=10_000,
                    at_deadline="cancel",
                )
                | Q(deadline__isnull=False, over_s=0, visible_bps__range=(1_000, 10_000))
                & (Q(limit_price__isnull=True) | Q(limit_price__gt=0)),
            ),
        ),
        migrations.AddField(
            model_name="bulkstep",
            name="expires_at",
            field=models.DateTimeField(null=True, verbose_name="waits until"),
        ),
        migrations.AddField(
            model_name="bulkstep",
            name="display_size",
            field=models.BigIntegerField(null=True, verbose_name="size in sight"),
        ),
        migrations.AddField(
            model_name="bulkstep",
            name="cancel_asked_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.RemoveConstraint(model_name="bulkstep", name="orderbook_bulkstep_one_at_a_time"),
        migrations.AddConstraint(
            model_name="bulkstep",
            constraint=models.UniqueConstraint(
                fields=["execution"],
                condition=Q(over_at__isnull=True, expires_at__isnull=True),
                name="orderbook_bulkstep_one_at_a_time",
            ),
        ),
        migrations.RunSQL(EXECUTION, _BEFORE),
        migrations.RunSQL(
            f"{_RECORDED.reverse_sql}{_RECORDED_BUT.sql}",
            f"{_RECORDED_BUT.reverse_sql}{_RECORDED.sql}",
        ),
        migrations.RunSQL(
            STEP,
            STEP_BEFORE + "DROP FUNCTION orderbook_bulkstep_worst(orderbook_bulkstep);",
        ),
    ]
