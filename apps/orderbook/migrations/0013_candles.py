"""Candles as rows, kept with the commit of their trades."""

import django.db.models.deletion
from django.db import migrations, models

# The newest candles are updated in place over and over: room for that. And those of the trades
# that there are.
FILL = """
ALTER TABLE orderbook_candle SET (fillfactor = 70);
INSERT INTO orderbook_candle
    (product_id, granularity_s, start_s, low, high, open, close, volume, trades)
SELECT fill.product_id, g.step, at.second - at.second % g.step, min(fill.price), max(fill.price),
    (array_agg(fill.price ORDER BY fill.id))[1], (array_agg(fill.price ORDER BY fill.id DESC))[1],
    sum(fill.size), count(*)
FROM orderbook_fill fill
CROSS JOIN LATERAL (SELECT floor(extract(epoch FROM fill.created_at))::bigint) AS at (second)
CROSS JOIN unnest('{60,300,900,3600,21600,86400}'::int[]) AS g (step)
GROUP BY 1, 2, 3;
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0012_price_levels")]

    operations = [
        migrations.CreateModel(
            name="Candle",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "product",
                        "granularity_s",
                        "start_s",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("granularity_s", models.IntegerField()),
                ("start_s", models.BigIntegerField()),
                ("low", models.BigIntegerField()),
                ("high", models.BigIntegerField()),
                ("open", models.BigIntegerField()),
                ("close", models.BigIntegerField()),
                ("volume", models.BigIntegerField()),
                ("trades", models.BigIntegerField()),
                (
                    "product",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="orderbook.product",
                    ),
                ),
            ],
            options={"verbose_name": "candle", "verbose_name_plural": "candles"},
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
