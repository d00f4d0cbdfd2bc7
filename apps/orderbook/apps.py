from django.apps import AppConfig


class OrderbookConfig(AppConfig):
    name = "apps.orderbook"
    label = "orderbook"
    default_auto_field = "django.db.models.BigAutoField"
