"""What is asked again and again is planned once per connection."""

from __future__ import annotations

import pytest
from django.db import connection

from apps.accounts.models import User
from apps.accounts.rows import rows_of

pytestmark = pytest.mark.django_db

_ASKED = "SELECT %(word)s::text || ' again'"


def _prepared() -> list[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT statement FROM pg_prepared_statements")
        return [statement for (statement,) in cursor.fetchall()]


def test_a_query_of_rows_is_prepared_with_its_first_use() -> None:
    assert rows_of(_ASKED, {"word": "once"}) == [("once again",)]
    assert rows_of(_ASKED, {"word": "twice"}) == [("twice again",)]
    assert _prepared().count("SELECT $1::text || ' again'") == 1


def test_a_query_of_the_orm_is_not_prepared_however_often_it_is_asked() -> None:
    for _ in range(12):
        User.objects.filter(email="nobody@example.org").exists()
    assert not [statement for statement in _prepared() if "accounts_user" in statement]
