from django.apps import AppConfig


class OrderbookConfig(AppConfig):
    name = "apps.orderbook"
    label = "orderbook"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.accounts.ledger.holds import holds_stand_in
        from apps.orderbook.holds import HOLDS

        holds_stand_in(HOLDS)
