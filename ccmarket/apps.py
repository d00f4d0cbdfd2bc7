from django.apps import AppConfig


class CcmarketConfig(AppConfig):
    name = "ccmarket"

    def ready(self) -> None:
        # `shared_task`s bind to the application that is imported first.
        from ccmarket import celery  # noqa: F401
