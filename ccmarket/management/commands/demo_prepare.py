"""`manage.py demo_prepare`: contracts, people, credits, money and markets of the demo."""

from __future__ import annotations

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from ccmarket.demo.credits import catalogue_ensure, custody_ensure, pool_ensure
from ccmarket.demo.facts import facts_write
from ccmarket.demo.markets import markets_ensure
from ccmarket.demo.money import assets_ensure, cash_ensure
from ccmarket.demo.people import PEOPLE, owner_of, people_ensure
from ccmarket.demo.permits import permits_ensure
from ccmarket.demo.verifications import verifications_ensure


class Command(BaseCommand):
    help = "Fill an empty ccmarket with the demo; what is there already stays as it is."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write("contracts")
        call_command("deploy_contracts")
        self.stdout.write("people and money")
        users = people_ensure()
        owners = {person.key: owner_of(person, users[person.key]) for person in PEOPLE}
        staff = (users["staff_one"], users["staff_two"])
        verifications_ensure(by=users["company"], staff=staff)
        assets_ensure()
        cash_ensure(owners=owners, staff=staff)
        permits_ensure(owners=owners, staff=staff)
        self.stdout.write("credits in custody")
        catalogue_ensure()
        custody_ensure(owners=owners, staff=staff)
        pool_ensure(owners=owners)
        self.stdout.write("markets")
        markets_ensure()
        path = facts_write(users=users)
        self.stdout.write(f"wrote {path.name}")
