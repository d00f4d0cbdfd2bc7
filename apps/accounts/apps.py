from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "apps.accounts"
    label = "accounts"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.accounts.holds import HOLDS
        from apps.accounts.ledger.holds import holds_stand_in

        holds_stand_in(HOLDS)
