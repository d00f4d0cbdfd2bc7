"""What the database itself refuses about carrying out bulk orders, whoever asks.

- An execution says truly whether it takes two people: by the organisation's rule of that moment,
  and by what the owner let run without a second person in the 24 hours before.
- What was asked for never changes; it starts once and ends once. An order runs only with an
  execution that has started, and steps are written for orders that run.
- A step's outcome, and what was retired for a part, is written once. Draws, parts and certificates
  are never taken away.
"""

from django.db import migrations

from apps.accounts.history_triggers import record_history

FORWARD = """
CREATE FUNCTION orderbook_bulk_takes_two(of_order bigint, total bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT total + coalesce((
            SELECT sum(e.total_max) FROM orderbook_bulkexecution e
            JOIN orderbook_bulkorder other ON other.id = e.order_id
            WHERE other.owner_id = o.owner_id AND other.quote_id = o.quote_id
              AND other.id <> o.id AND NOT e.needs_second
              AND e.proposed_at > now() - interval '24 hours'
        ), 0) > rule.second_above
        FROM orderbook_bulkorder o
        JOIN accounts_owner w ON w.id = o.owner_id
        JOIN accounts_spendingrule rule
          ON rule.organisation_id = w.organisation_id AND rule.asset_id = o.quote_id
        WHERE o.id = of_order
    ), false)
$$;

CREATE FUNCTION orderbook_bulkexecution_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE o orderbook_bulkorder;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'executions stay' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO o FROM orderbook_bulkorder WHERE id = NEW.order_id;
    IF TG_OP = 'INSERT' THEN
        -- Of two at a time, the second sees what the first lets run.
        PERFORM FROM accounts_organisation g JOIN accounts_owner w ON w.organisation_id = g.id
        WHERE w.id = o.owner_id FOR NO KEY UPDATE OF g;
        IF NOT NEW.needs_second AND orderbook_bulk_takes_two(NEW.order_id, NEW.total_max) THEN
            RAISE EXCEPTION 'this takes two people' USING ERRCODE = 'restrict_violation';
        END IF;
        IF NEW.brought_by_id <> o.made_by_id
           OR NOT EXISTS (SELECT FROM orderbook_bulkplan p
                          WHERE p.id = NEW.plan_id AND p.order_id = NEW.order_id)
           OR NEW.total_max > coalesce(o.total_max, NEW.total_max)
           OR (NEW.needs_second AND NEW.decision <> 'pending') THEN
            RAISE EXCEPTION 'this is not what was planned' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.order_id, NEW.plan_id, NEW.total_max, NEW.keep, NEW.needs_second,
        NEW.brought_by_id, NEW.proposed_by_id, NEW.proposed_at)
       IS DISTINCT FROM
       (OLD.id, OLD.order_id, OLD.plan_id, OLD.total_max, OLD.keep, OLD.needs_second,
        OLD.brought_by_id, OLD.proposed_by_id, OLD.proposed_at)
       OR (OLD.decision <> 'pending' AND (NEW.decision, NEW.decided_by_id, NEW.decided_at)
           IS DISTINCT FROM (OLD.decision, OLD.decided_by_id, OLD.decided_at))
       OR (OLD.started_at IS NOT NULL AND NEW.started_at IS DISTINCT FROM OLD.started_at)
       OR (OLD.ended_at IS NOT NULL AND NEW.ended_at IS DISTINCT FROM OLD.ended_at) THEN
        RAISE EXCEPTION 'what was asked and decided stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orderbook_bulkexecution_guard
    BEFORE INSERT OR UPDATE OR DELETE ON orderbook_bulkexecution
    FOR EACH ROW EXECUTE FUNCTION orderbook_bulkexecution_guard();

CREATE FUNCTION orderbook_bulkorder_runs() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM orderbook_bulkexecution e
                   WHERE e.order_id = NEW.id AND e.started_at IS NOT NULL) THEN
        RAISE EXCEPTION 'nobody has let bulk order % run', NEW.id
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orderbook_bulkorder_runs BEFORE INSERT OR UPDATE OF state ON orderbook_bulkorder
    FOR EACH ROW WHEN (NEW.state IN ('running', 'paused', 'stopping', 'done'))
    EXECUTE FUNCTION orderbook_bulkorder_runs();

CREATE FUNCTION orderbook_bulkstep_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'steps stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        IF NOT EXISTS (
            SELECT FROM orderbook_bulkexecution e JOIN orderbook_bulkorder o ON o.id = e.order_id
            WHERE e.id = NEW.execution_id AND e.started_at IS NOT NULL AND o.state = 'running'
        ) THEN
            RAISE EXCEPTION 'the order does not run' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.execution_id, NEW.number, NEW.product_id, NEW.price, NEW.size, NEW.client_oid)
       IS DISTINCT FROM
       (OLD.id, OLD.execution_id, OLD.number, OLD.product_id, OLD.price, OLD.size, OLD.client_oid)
       OR (OLD.placed_id IS NOT NULL AND NEW.placed_id IS DISTINCT FROM OLD.placed_id)
       OR (OLD.over_at IS NOT NULL AND
           (NEW.over_at, NEW.outcome, NEW.filled, NEW.notional, NEW.fees) IS DISTINCT FROM
           (OLD.over_at, OLD.outcome, OLD.filled, OLD.notional, OLD.fees))
       OR (OLD.allotted_at IS NOT NULL AND
           (NEW.allotted_at, NEW.surplus) IS DISTINCT FROM (OLD.allotted_at, OLD.surplus)) THEN
        RAISE EXCEPTION 'what came of a step stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orderbook_bulkstep_guard BEFORE INSERT OR UPDATE OR DELETE ON orderbook_bulkstep
    FOR EACH ROW EXECUTE FUNCTION orderbook_bulkstep_guard();

CREATE FUNCTION orderbook_bulkpart_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.retirement_id IS NOT NULL OR
       (NEW.id, NEW.step_id, NEW.line_id, NEW.grams) IS DISTINCT FROM
       (OLD.id, OLD.step_id, OLD.line_id, OLD.grams) THEN
        RAISE EXCEPTION 'what a line got stays' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER orderbook_bulkpart_guard BEFORE UPDATE OR DELETE ON orderbook_bulkpart
    FOR EACH ROW EXECUTE FUNCTION orderbook_bulkpart_guard();

CREATE TRIGGER orderbook_bulkdraw_append_only BEFORE UPDATE OR DELETE ON orderbook_bulkdraw
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();
CREATE TRIGGER orderbook_bulkcertificate_append_only
    BEFORE UPDATE OR DELETE ON orderbook_bulkcertificate
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();

CREATE INDEX orderbook_bulkpart_to_retire ON orderbook_bulkpart (step_id)
    WHERE retirement_id IS NULL;
"""

BACKWARD = """
DROP INDEX orderbook_bulkpart_to_retire;
DROP TRIGGER orderbook_bulkcertificate_append_only ON orderbook_bulkcertificate;
DROP TRIGGER orderbook_bulkdraw_append_only ON orderbook_bulkdraw;
DROP TRIGGER orderbook_bulkpart_guard ON orderbook_bulkpart;
DROP FUNCTION orderbook_bulkpart_guard();
DROP TRIGGER orderbook_bulkstep_guard ON orderbook_bulkstep;
DROP FUNCTION orderbook_bulkstep_guard();
DROP TRIGGER orderbook_bulkorder_runs ON orderbook_bulkorder;
DROP FUNCTION orderbook_bulkorder_runs();
DROP TRIGGER orderbook_bulkexecution_guard ON orderbook_bulkexecution;
DROP FUNCTION orderbook_bulkexecution_guard();
DROP FUNCTION orderbook_bulk_takes_two(bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0018_bulk_execution"), ("accounts", "0016_spending_limits")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("orderbook_bulkexecution"),
    ]
