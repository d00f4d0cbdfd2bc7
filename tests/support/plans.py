"""What PostgreSQL would do for a query, as far as lists care."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from django.db import connection

Node = dict[str, Any]
# What a page shows, and one more, may be sorted.
PAGE_ROWS = 101


def nodes_of(sql: str) -> list[Node]:
    """The steps of the plan, from the outside in."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}")
        plan = cursor.fetchone()[0]
    root = (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]
    return list(_walk(root))


def _rows_in(node: Node) -> int:
    return int(node["Plans"][0]["Plan Rows"])


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", ()):
        yield from _walk(child)


def slow_steps(sql: str, *, long: set[str], may_sort: bool) -> list[str]:
    """What would take longer the longer one of the tables `long` gets.

    A scan of all its rows, a condition that is looked at row by row, and, unless `may_sort`
    because an index has already picked few, a sort.
    """
    nodes = nodes_of(sql)
    touches = any(node.get("Relation Name") in long for node in nodes)
    slow = []
    for node in nodes:
        kind, table = node["Node Type"], node.get("Relation Name")
        if table in long:
            is_picked = "Index Cond" in node or kind == "Bitmap Heap Scan"
            if kind == "Seq Scan":
                slow.append(f"reads all of {table}")
            elif "Filter" in node and not (may_sort and is_picked):
                slow.append(f"looks at rows of {table} one by one: {node['Filter']}")
        if kind == "Sort" and touches and not may_sort and _rows_in(node) > PAGE_ROWS:
            slow.append(f"sorts {_rows_in(node)} rows by {node['Sort Key']}")
    return slow
