"""What the database itself refuses about requests for quotes, whoever asks.

- Answers come from who may give them, are not the asker's own, and come before the deadline; they
  are withdrawn before it, too. What was answered never changes.
- Nothing is opened before the deadline, or as anything but what its digest was made of.
- What ended stays ended. A quote is taken while it stands and is valid, and a step exchanges what
  its line offers, at its price.

Moments are those at which transactions began, as the services see them.
"""

from django.db import migrations

from apps.accounts.history_triggers import record_history

FORWARD = """
CREATE FUNCTION orderbook_trading_entity(of_owner bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT company.id FROM accounts_owner person
        JOIN accounts_membership member ON member.user_id = person.user_id
        JOIN accounts_owner company ON company.organisation_id = member.organisation_id
        WHERE person.id = of_owner ORDER BY member.created_at, member.id LIMIT 1
    ), of_owner)
$$;

CREATE FUNCTION orderbook_may_quote(of_owner bigint) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT kind <> 'none' FROM orderbook_quotepermit
        WHERE owner_id = of_owner AND decision = 'approved'
        ORDER BY decided_at DESC, id DESC LIMIT 1
    ), false)
$$;

CREATE FUNCTION orderbook_quotepermit_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' OR OLD.decision <> 'pending'
       OR (NEW.id, NEW.owner_id, NEW.kind, NEW.proposed_by_id, NEW.proposed_at)
          IS DISTINCT FROM (OLD.id, OLD.owner_id, OLD.kind, OLD.proposed_by_id, OLD.proposed_at)
    THEN
        RAISE EXCEPTION 'permits stay as they were decided' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_quotepermit_guard BEFORE UPDATE OR DELETE ON orderbook_quotepermit
    FOR EACH ROW EXECUTE FUNCTION orderbook_quotepermit_guard();

CREATE FUNCTION orderbook_quoterequest_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'open' OR NEW.deadline <= now() THEN
            RAISE EXCEPTION 'a request begins open' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF TG_OP = 'DELETE'
       OR (NEW.id, NEW.public_id, NEW.order_id, NEW.asked_by_id, NEW.asked_at, NEW.deadline)
          IS DISTINCT FROM
          (OLD.id, OLD.public_id, OLD.order_id, OLD.asked_by_id, OLD.asked_at, OLD.deadline)
       OR (OLD.opened_at IS NOT NULL AND NEW.opened_at IS DISTINCT FROM OLD.opened_at)
       OR (OLD.state NOT IN ('open', 'opened') AND
           (NEW.state, NEW.ended_at) IS DISTINCT FROM (OLD.state, OLD.ended_at))
       OR (OLD.state = 'opened' AND NEW.state IN ('open', 'cancelled')) THEN
        RAISE EXCEPTION 'what was asked stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.state = 'open' AND NEW.state IN ('opened', 'lapsed') AND now() < OLD.deadline THEN
        RAISE EXCEPTION 'nothing is opened before the deadline'
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_quoterequest_guard
    BEFORE INSERT OR UPDATE OR DELETE ON orderbook_quoterequest
    FOR EACH ROW EXECUTE FUNCTION orderbook_quoterequest_guard();

CREATE FUNCTION orderbook_quote_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE r orderbook_quoterequest; asker bigint;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'quotes stay' USING ERRCODE = 'restrict_violation';
    END IF;
    IF TG_OP = 'INSERT' THEN
        -- One after the other with whoever opens it.
        SELECT * INTO r FROM orderbook_quoterequest WHERE id = NEW.request_id FOR NO KEY UPDATE;
        SELECT owner_id INTO asker FROM orderbook_bulkorder WHERE id = r.order_id;
        IF r.state <> 'open' OR now() >= r.deadline OR NEW.valid_until <= r.deadline
           OR NEW.state <> 'standing' OR NEW.revealed <> ''
           OR NOT orderbook_may_quote(NEW.owner_id)
           OR orderbook_trading_entity(NEW.owner_id) = orderbook_trading_entity(asker) THEN
            RAISE EXCEPTION 'this may not be answered so' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    SELECT * INTO r FROM orderbook_quoterequest WHERE id = OLD.request_id;
    IF (NEW.id, NEW.public_id, NEW.request_id, NEW.owner_id, NEW.answered_by_id, NEW.answered_at,
        NEW.valid_until, NEW.digest, NEW.sealed)
       IS DISTINCT FROM
       (OLD.id, OLD.public_id, OLD.request_id, OLD.owner_id, OLD.answered_by_id, OLD.answered_at,
        OLD.valid_until, OLD.digest, OLD.sealed)
       OR (OLD.revealed <> '' AND NEW.revealed <> OLD.revealed)
       OR (OLD.state <> 'standing' AND
           (NEW.state, NEW.ended_at) IS DISTINCT FROM (OLD.state, OLD.ended_at)) THEN
        RAISE EXCEPTION 'what was answered stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF OLD.revealed = '' AND NEW.revealed <> '' AND (
        r.opened_at IS NULL
        OR encode(sha256(convert_to(NEW.revealed, 'UTF8')), 'hex') <> NEW.digest
    ) THEN
        RAISE EXCEPTION 'this is sealed, or was not sealed so' USING ERRCODE = 'restrict_violation';
    END IF;
    IF (NEW.state = 'withdrawn' AND OLD.state = 'standing'
        AND (r.state <> 'open' OR now() >= r.deadline))
       OR (NEW.state = 'taken' AND OLD.state = 'standing' AND now() >= OLD.valid_until) THEN
        RAISE EXCEPTION 'it is too late for this' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_quote_guard BEFORE INSERT OR UPDATE OR DELETE ON orderbook_quote
    FOR EACH ROW EXECUTE FUNCTION orderbook_quote_guard();

CREATE FUNCTION orderbook_quoteline_guard() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE q orderbook_quote; r orderbook_quoterequest;
BEGIN
    IF TG_OP = 'DELETE' THEN
        RAISE EXCEPTION 'quotes stay' USING ERRCODE = 'restrict_violation';
    END IF;
    SELECT * INTO q FROM orderbook_quote WHERE id = NEW.quote_id;
    SELECT * INTO r FROM orderbook_quoterequest WHERE id = q.request_id;
    IF TG_OP = 'INSERT' THEN
        IF NEW.price IS NOT NULL OR r.state <> 'open' OR now() >= r.deadline
           OR q.state <> 'standing' THEN
            RAISE EXCEPTION 'answers are sealed' USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF OLD.price IS NOT NULL
       OR (NEW.id, NEW.quote_id, NEW.number, NEW.product_id, NEW.size, NEW.size_min)
          IS DISTINCT FROM
          (OLD.id, OLD.quote_id, OLD.number, OLD.product_id, OLD.size, OLD.size_min)
       OR r.opened_at IS NULL
       OR NEW.price IS DISTINCT FROM
          (nullif(q.revealed, '')::jsonb -> 'lines' -> (NEW.number - 1) ->> 'price')::bigint THEN
        RAISE EXCEPTION 'a line says what was sealed' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_quoteline_guard BEFORE INSERT OR UPDATE OR DELETE ON orderbook_quoteline
    FOR EACH ROW EXECUTE FUNCTION orderbook_quoteline_guard();

CREATE TRIGGER orderbook_quotescore_append_only BEFORE UPDATE OR DELETE ON orderbook_quotescore
    FOR EACH ROW EXECUTE FUNCTION accounts_append_only();

CREATE FUNCTION orderbook_bulkbuy_quote_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM orderbook_quoteline l JOIN orderbook_quote q ON q.id = l.quote_id
        JOIN orderbook_quoterequest r ON r.id = q.request_id
        JOIN orderbook_bulkplan p ON p.order_id = r.order_id
        WHERE l.id = NEW.quote_line_id AND p.id = NEW.plan_id AND r.opened_at IS NOT NULL
          AND (l.product_id, l.price) = (NEW.product_id, NEW.price_limit)
          AND NEW.size BETWEEN l.size_min AND l.size
    ) THEN
        RAISE EXCEPTION 'no quote offers this' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_bulkbuy_quote_guard BEFORE INSERT ON orderbook_bulkbuy
    FOR EACH ROW WHEN (NEW.quote_line_id IS NOT NULL)
    EXECUTE FUNCTION orderbook_bulkbuy_quote_guard();

CREATE FUNCTION orderbook_bulkstep_quote_guard() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        RAISE EXCEPTION 'what a step exchanged stays' USING ERRCODE = 'restrict_violation';
    END IF;
    IF NEW.over_at IS NULL OR NEW.filled <> NEW.size OR NOT EXISTS (
        SELECT FROM orderbook_quoteline l JOIN orderbook_quote q ON q.id = l.quote_id
        JOIN orderbook_bulkexecution e ON e.id = NEW.execution_id
        JOIN orderbook_bulkbuy b ON b.plan_id = e.plan_id AND b.quote_line_id = l.id
        WHERE l.id = NEW.quote_line_id AND q.state = 'taken'
          AND (l.product_id, l.price, b.size) = (NEW.product_id, NEW.price, NEW.size)
    ) THEN
        RAISE EXCEPTION 'no quote was taken so' USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER orderbook_bulkstep_quote_guard BEFORE INSERT ON orderbook_bulkstep
    FOR EACH ROW WHEN (NEW.quote_line_id IS NOT NULL)
    EXECUTE FUNCTION orderbook_bulkstep_quote_guard();
CREATE TRIGGER orderbook_bulkstep_quote_stays BEFORE UPDATE ON orderbook_bulkstep
    FOR EACH ROW WHEN ((NEW.quote_line_id, NEW.maker_fees)
                       IS DISTINCT FROM (OLD.quote_line_id, OLD.maker_fees))
    EXECUTE FUNCTION orderbook_bulkstep_quote_guard();
"""

BACKWARD = """
DROP TRIGGER orderbook_bulkstep_quote_stays ON orderbook_bulkstep;
DROP TRIGGER orderbook_bulkstep_quote_guard ON orderbook_bulkstep;
DROP FUNCTION orderbook_bulkstep_quote_guard();
DROP TRIGGER orderbook_bulkbuy_quote_guard ON orderbook_bulkbuy;
DROP FUNCTION orderbook_bulkbuy_quote_guard();
DROP TRIGGER orderbook_quotescore_append_only ON orderbook_quotescore;
DROP TRIGGER orderbook_quoteline_guard ON orderbook_quoteline;
DROP FUNCTION orderbook_quoteline_guard();
DROP TRIGGER orderbook_quote_guard ON orderbook_quote;
DROP FUNCTION orderbook_quote_guard();
DROP TRIGGER orderbook_quoterequest_guard ON orderbook_quoterequest;
DROP FUNCTION orderbook_quoterequest_guard();
DROP TRIGGER orderbook_quotepermit_guard ON orderbook_quotepermit;
DROP FUNCTION orderbook_quotepermit_guard();
DROP FUNCTION orderbook_may_quote(bigint);
DROP FUNCTION orderbook_trading_entity(bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0023_quotes")]
    operations = [
        migrations.RunSQL(FORWARD, BACKWARD),
        record_history("orderbook_quotepermit"),
        record_history("orderbook_quoterequest", ignored=("told",)),
        # What a quote says is in the history by its digest alone.
        record_history("orderbook_quote", ignored=("told",), hidden=("sealed", "revealed")),
    ]
