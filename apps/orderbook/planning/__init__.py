"""What to buy where for a bulk order: pure, exact at its edges. docs/bulk-orders.md says why."""
