"""An owner's balances, ledger, holds, fills and fees over REST."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from apps.accounts.ledger.services import CUSTODY, Leg, ledger_post, platform_owner_get
from apps.accounts.models import Transfer, User
from apps.accounts.services.gifts import gift_create
from apps.orderbook.ids import account_uuid, order_uuid, profile_uuid
from apps.orderbook.models import Product
from apps.orderbook.models.enums import Side
from apps.orderbook.services.volumes import volumes_count
from tests.support.api import Bot, bot_of
from tests.support.factories import fund, owner_make, user_make
from tests.support.markets import TONNE, UNIT, fill_write, limit_place, order_rest, product_make

pytestmark = pytest.mark.django_db

NAME = "VCS_1686_2017-CC"


@pytest.fixture
def product() -> Product:
    return product_make("VCS-1686-2017", "CC", maker_bps=10, taker_bps=25)


@pytest.fixture
def user(product: Product) -> User:
    return user_make()


@pytest.fixture
def bot(user: User) -> Bot:
    return bot_of(user)


def answered(response: Any, status: int = 200) -> Any:
    assert response.status_code == status, response.content
    return response.json()


class TestAccounts:
    def test_each_balance_is_an_account(self, bot: Bot, user: User, product: Product) -> None:
        balance = fund(user.owner, product.base, 1_500_000)
        fund(user.owner, product.quote, 7)
        fund(owner_make(), product.base, 9)
        balance.available, balance.held = 1_400_000, 100_000
        balance.save()
        cc, credits = answered(bot.get("/accounts"))
        assert (cc["currency"], cc["balance"]) == ("CC", "0.000007")
        assert credits == {
            "id": str(account_uuid(balance.pk)),
            "currency": "VCS_1686_2017",
            "display_name": "VCS-1686-2017",
            "balance": "1.5",
            "hold": "0.1",
            "available": "1.4",
            "profile_id": str(profile_uuid(user.owner.pk)),
            "trading_enabled": True,
        }
        assert answered(bot.get(f"/accounts/{credits['id']}")) == credits

    @pytest.mark.parametrize("path", ["", "/ledger", "/holds"])
    def test_a_stranger_s_account_is_as_unknown_as_none(
        self, bot: Bot, product: Product, path: str
    ) -> None:
        theirs = fund(owner_make(), product.base, UNIT)
        order_name = order_uuid(theirs.pk)
        for name in (account_uuid(theirs.pk), account_uuid(10**12), order_name, "x", "%00"):
            assert answered(bot.get(f"/accounts/{name}{path}"), 404)["code"] == "not_found"


class TestLedger:
    def entries(self, bot: Bot, balance: Any, query: str = "") -> Any:
        return answered(bot.get(f"/accounts/{account_uuid(balance.pk)}/ledger{query}"))

    def test_each_movement_tells_what_there_was_after_it(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        other = owner_make()
        balance = fund(user.owner, product.quote, 100)
        kinds = (Transfer.Kind.GIFT, Transfer.Kind.PLEDGE, Transfer.Kind.RETIREMENT)
        for amount, kind in zip((10, 20, 30), kinds, strict=True):
            leg = Leg(user.owner, other, product.quote, amount, kind, 7)
            with transaction.atomic():
                ledger_post(legs=[leg])
        told = [(e["type"], e["amount"], e["balance"]) for e in self.entries(bot, balance)]
        assert told == [
            ("transfer", "-0.00003", "0.00004"),
            ("conversion", "-0.00002", "0.00007"),
            ("transfer", "-0.00001", "0.00009"),
            ("transfer", "0.0001", "0.0001"),
        ]
        (latest, *_) = self.entries(bot, balance)
        assert latest["details"] == {"transfer_type": "retirement", "reference": "7"}

    def test_a_trade_names_the_owner_s_own_order(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        balance = fund(user.owner, product.quote, 5 * UNIT)
        other = owner_make()
        mine = order_rest(product, user.owner)
        fill = fill_write(mine, order_rest(product, other, side=Side.SELL), size=TONNE, number=3)
        legs = [
            Leg(user.owner, other, product.quote, UNIT, Transfer.Kind.TRADE, fill.pk),
            Leg(user.owner, other, product.quote, 500, Transfer.Kind.FEE, fill.pk),
        ]
        with transaction.atomic():
            ledger_post(legs=legs)
        fee, trade, _ = self.entries(bot, balance)
        assert (fee["type"], fee["amount"], fee["balance"]) == ("fee", "-0.0005", "3.9995")
        assert (trade["type"], trade["amount"], trade["balance"]) == ("match", "-1", "4")
        assert fee["details"] == trade["details"]
        assert trade["details"] == {
            "order_id": str(order_uuid(mine.pk)),
            "product_id": NAME,
            "trade_id": "3",
        }

    def test_every_page_counts_on_from_the_one_before(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        for _ in range(7):
            balance = fund(user.owner, product.quote, UNIT)
        seen, path = [], f"/accounts/{account_uuid(balance.pk)}/ledger?limit=3"
        next_path = path
        while rows := answered(response := bot.get(next_path)):
            seen += [row["balance"] for row in rows]
            next_path = f"{path}&after={response['CB-AFTER']}"
        assert seen == ["7", "6", "5", "4", "3", "2", "1"]
        newest = bot.get(path)["CB-BEFORE"]
        fund(user.owner, product.quote, UNIT)
        assert [row["balance"] for row in answered(bot.get(f"{path}&before={newest}"))] == ["8"]


class TestHolds:
    def test_open_orders_say_what_they_hold(self, bot: Bot, user: User, product: Product) -> None:
        base, quote = fund(user.owner, product.base, UNIT), fund(user.owner, product.quote, UNIT)
        buys = order_rest(product, user.owner, price=500_000)
        sells = order_rest(product, user.owner, side=Side.SELL, size=2_000)
        order_rest(product)
        limit_place(product, user.owner)

        def holds(balance: Any) -> list[tuple[str, str, str]]:
            rows = answered(bot.get(f"/accounts/{account_uuid(balance.pk)}/holds"))
            return [(row["ref"], row["amount"], row["type"]) for row in rows]

        assert holds(quote) == [(str(order_uuid(buys.pk)), "0.5", "order")]
        assert holds(base) == [(str(order_uuid(sells.pk)), "0.002", "order")]

    def test_so_does_what_else_holds(self, bot: Bot, user: User, product: Product) -> None:
        balance = fund(user.owner, product.quote, UNIT)
        order = order_rest(product, user.owner, price=500_000)
        gift = gift_create(
            owner=user.owner,
            asset=product.quote,
            amount=250_000,
            to="somebody@example.org",
            idempotency_key="key",
        )
        latest, before = answered(bot.get(f"/accounts/{account_uuid(balance.pk)}/holds"))
        assert (latest["type"], latest["ref"], latest["amount"]) == (
            "gift",
            str(gift.public_id),
            "0.25",
        )
        assert before["ref"] == str(order_uuid(order.pk))


class TestFills:
    @pytest.fixture(autouse=True)
    def trades(self, user: User, product: Product) -> None:
        self.bought = order_rest(product, user.owner, size=3 * TONNE)
        self.sold = order_rest(product, user.owner, side=Side.SELL, size=TONNE)
        taker, maker = order_rest(product, side=Side.SELL, size=3 * TONNE), order_rest(product)
        fees = {"maker_fee": 10, "taker_fee": 25}
        fill_write(self.bought, taker, size=TONNE, number=1, **fees)
        fill_write(self.bought, taker, size=TONNE, number=2, **fees)
        fill_write(maker, self.sold, size=TONNE, number=3, **fees)
        strangers = order_rest(product), order_rest(product, side=Side.SELL)
        fill_write(*strangers, size=TONNE, number=4)

    def test_each_is_told_from_the_owner_s_side(self, bot: Bot, user: User) -> None:
        latest, *_ = rows = answered(bot.get(f"/fills?product_id={NAME}"))
        assert {**latest, "created_at": None} == {
            "trade_id": 3,
            "product_id": NAME,
            "order_id": str(order_uuid(self.sold.pk)),
            "profile_id": str(profile_uuid(user.owner.pk)),
            "liquidity": "T",
            "price": "1",
            "size": "1",
            "fee": "0.000025",
            "created_at": None,
            "side": "sell",
            "settled": True,
            "market_type": "spot",
        }
        told = [(row["trade_id"], row["side"], row["liquidity"], row["fee"]) for row in rows]
        assert told[1:] == [(2, "buy", "M", "0.00001"), (1, "buy", "M", "0.00001")]

    def test_of_one_order(self, bot: Bot) -> None:
        rows = answered(bot.get(f"/fills?order_id={order_uuid(self.bought.pk)}"))
        assert [row["trade_id"] for row in rows] == [2, 1]

    def test_a_stranger_s_order_shows_nothing(self, product: Product) -> None:
        stranger = bot_of(user_make())
        assert answered(stranger.get(f"/fills?order_id={order_uuid(self.bought.pk)}")) == []
        assert answered(stranger.get("/fills?order_id=d0c5340b-6d6c-49d9-b567-48c4bfca13d2")) == []

    def test_page_by_page(self, bot: Bot) -> None:
        first = bot.get(f"/fills?product_id={NAME}&limit=2")
        assert [row["trade_id"] for row in answered(first)] == [3, 2]
        rest = bot.get(f"/fills?product_id={NAME}&limit=2&after={first['CB-AFTER']}")
        assert [row["trade_id"] for row in answered(rest)] == [1]

    def test_in_a_span_of_time(self, bot: Bot) -> None:
        day_ago = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
        assert len(answered(bot.get(f"/fills?product_id={NAME}&start_date={day_ago}"))) == 3
        assert answered(bot.get(f"/fills?product_id={NAME}&end_date={day_ago}")) == []

    def test_an_order_or_a_market_must_be_named(self, bot: Bot) -> None:
        assert answered(bot.get("/fills"), 400)["code"] == "order_or_product_required"
        answered(bot.get("/fills?product_id=A-B"), 404)
        answered(bot.get("/fills?order_id=x"), 400)


class TestFees:
    def test_the_fees_of_a_market_or_the_highest_of_all(self, bot: Bot) -> None:
        product_make(maker_bps=20, taker_bps=20)
        highest = answered(bot.get("/fees"))
        assert (highest["maker_fee_rate"], highest["taker_fee_rate"]) == ("0.0020", "0.0025")
        one = answered(bot.get(f"/fees?product_id={NAME}"))
        assert (one["maker_fee_rate"], one["taker_fee_rate"]) == ("0.0010", "0.0025")

    def test_the_volume_is_that_of_dollar_markets_in_a_month(self, bot: Bot, user: User) -> None:
        dollars = product_make("CC", "USDC")
        for number, age_days in enumerate((1, 40), 1):
            mine, theirs = order_rest(dollars, user.owner), order_rest(dollars, side=Side.SELL)
            at = timezone.now() - timedelta(days=age_days)
            fill_write(mine, theirs, size=TONNE, number=number, created_at=at)
        assert answered(bot.get("/fees"))["usd_volume"] == "0", "not counted yet"
        volumes_count()
        assert answered(bot.get("/fees"))["usd_volume"] == "1"

    def test_the_fees_are_those_of_the_tier_that_was_reached(
        self, bot: Bot, user: User, product: Product
    ) -> None:
        tiers = [[5 * UNIT, None, 5, 20], [None, 3 * UNIT, -2, 10]]
        Product.objects.filter(pk=product.pk).update(fee_tiers=tiers)
        assert answered(bot.get(f"/fees?product_id={NAME}"))["taker_fee_rate"] == "0.0025"
        fund(user.owner, product.quote, 3 * UNIT)
        one = answered(bot.get(f"/fees?product_id={NAME}"))
        assert (one["maker_fee_rate"], one["taker_fee_rate"]) == ("-0.0002", "0.0010")


class TestTransfers:
    @pytest.fixture
    def moved(self, user: User, product: Product) -> None:
        """In by the bank, traded, out to the registry; the same for somebody else."""
        for owner in (user.owner, owner_make()):
            fund(owner, product.quote, 7 * UNIT)
            fund(owner, product.base, 5 * UNIT)
            legs = [
                Leg(owner, platform_owner_get(name=CUSTODY), product.base, 2 * UNIT, kind, 9)
                for kind in (Transfer.Kind.GIFT, Transfer.Kind.WITHDRAWAL)
            ]
            with transaction.atomic():
                ledger_post(legs=legs)

    @pytest.mark.usefixtures("moved")
    def test_what_crossed_the_edge_is_listed_latest_first(self, bot: Bot, user: User) -> None:
        rows = answered(bot.get("/transfers"))
        assert [(row["type"], row["currency"], row["amount"]) for row in rows] == [
            ("withdraw", "VCS_1686_2017", "2"),
            ("deposit", "VCS_1686_2017", "5"),
            ("deposit", "CC", "7"),
        ]
        assert rows[0]["details"] == {"transfer_type": "withdrawal", "reference": "9"}
        assert rows[0]["completed_at"] == rows[0]["created_at"]
        assert rows[0]["profile_id"] == str(profile_uuid(user.owner.pk))

    @pytest.mark.usefixtures("moved")
    def test_it_is_asked_for_by_type_and_by_account(self, bot: Bot) -> None:
        both, ins, outs = (
            answered(bot.get(f"/transfers{query}"))
            for query in ("", "?type=deposit", "?type=withdraw")
        )
        assert (len(ins), len(outs)) == (2, 1)
        assert sorted([*ins, *outs], key=both.index) == both
        assert answered(bot.get("/transfers?type=internal_deposit")) == []
        account = outs[0]["account_id"]
        assert answered(bot.get(f"/accounts/{account}/transfers")) == both[:2]
        assert answered(bot.get("/transfers?type=x"), 400)["field"] == "type"

    @pytest.mark.usefixtures("moved")
    def test_pages_follow_each_other(self, bot: Bot) -> None:
        rows, cursor = [], ""
        for _ in range(3):
            response = bot.get(f"/transfers?limit=1{cursor}")
            rows += answered(response)
            cursor = f"&after={response['CB-AFTER']}"
        assert answered(bot.get(f"/transfers?limit=1{cursor}")) == []
        assert rows == answered(bot.get("/transfers"))

    @pytest.mark.usefixtures("moved")
    def test_one_is_found_by_its_id_and_only_by_its_owner(self, bot: Bot) -> None:
        for row in answered(bot.get("/transfers")):
            assert answered(bot.get(f"/transfers/{row['id']}")) == row
            stranger = bot_of(user_make())
            assert answered(stranger.get(f"/transfers/{row['id']}"), 404)["code"] == "not_found"
        assert answered(bot.get("/transfers/x"), 404)["code"] == "not_found"
