from django.apps import AppConfig


class RegistryConfig(AppConfig):
    name = "apps.registry"
    label = "registry"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from apps.accounts.ledger.holds import holds_stand_in
        from apps.registry.holds import HOLDS

        holds_stand_in(HOLDS)
