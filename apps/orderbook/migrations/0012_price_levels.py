"""Price levels as rows, so that reading a book does not add up its orders."""

import django.db.models.deletion
from django.db import migrations, models

# Rows are updated in place over and over: room for it, and the levels of the orders that there are.
FILL = """
ALTER TABLE orderbook_level SET (fillfactor = 50);
INSERT INTO orderbook_level (product_id, side, price, size, orders)
SELECT product_id, side, price, sum(size - filled_size - hidden), count(*)
FROM orderbook_order WHERE status = 1 AND NOT parked GROUP BY product_id, side, price;
"""


class Migration(migrations.Migration):
    dependencies = [("orderbook", "0011_state_of_the_book")]

    operations = [
        migrations.CreateModel(
            name="Level",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "product",
                        "side",
                        "price",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("side", models.PositiveSmallIntegerField(choices=[(0, "Buy"), (1, "Sell")])),
                ("price", models.BigIntegerField()),
                ("size", models.BigIntegerField()),
                ("orders", models.IntegerField()),
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
            options={"verbose_name": "price level", "verbose_name_plural": "price levels"},
        ),
        migrations.RunSQL(FILL, migrations.RunSQL.noop),
    ]
