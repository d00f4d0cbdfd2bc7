from django.apps import AppConfig


class NftConfig(AppConfig):
    name = "apps.nft"
    label = "nft"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.accounts.ledger.holds import holds_stand_in
        from apps.nft.holds import HOLDS

        holds_stand_in(HOLDS)
