from django.apps import AppConfig


class NftConfig(AppConfig):
    name = "apps.nft"
    label = "nft"
    default_auto_field = "django.db.models.BigAutoField"
