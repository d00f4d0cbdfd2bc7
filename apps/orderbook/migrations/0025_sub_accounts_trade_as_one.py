"""An organisation's sub-accounts trade as one with it, and spend under its rules together."""

from django.db import migrations

FORWARD = """
CREATE OR REPLACE FUNCTION orderbook_trading_entity(of_owner bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce(
        (SELECT parent_id FROM accounts_owner WHERE id = of_owner),
        (
            SELECT company.id FROM accounts_owner person
            JOIN accounts_membership member ON member.user_id = person.user_id
            JOIN accounts_owner company
              ON company.organisation_id = member.organisation_id AND company.parent_id IS NULL
            WHERE person.id = of_owner ORDER BY member.created_at, member.id LIMIT 1
        ),
        of_owner
    )
$$;

CREATE OR REPLACE FUNCTION orderbook_bulk_takes_two(of_order bigint, total bigint) RETURNS boolean
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT total + coalesce((
            SELECT sum(e.total_max) FROM orderbook_bulkexecution e
            JOIN orderbook_bulkorder other ON other.id = e.order_id
            JOIN accounts_owner account ON account.id = other.owner_id
            WHERE account.organisation_id = w.organisation_id AND other.quote_id = o.quote_id
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
"""

BACKWARD = """
CREATE OR REPLACE FUNCTION orderbook_bulk_takes_two(of_order bigint, total bigint) RETURNS boolean
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

CREATE OR REPLACE FUNCTION orderbook_trading_entity(of_owner bigint) RETURNS bigint
LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT company.id FROM accounts_owner person
        JOIN accounts_membership member ON member.user_id = person.user_id
        JOIN accounts_owner company ON company.organisation_id = member.organisation_id
        WHERE person.id = of_owner ORDER BY member.created_at, member.id LIMIT 1
    ), of_owner)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("orderbook", "0024_quotes_guards"),
        ("accounts", "0022_sub_accounts"),
    ]
    operations = [migrations.RunSQL(FORWARD, BACKWARD)]
