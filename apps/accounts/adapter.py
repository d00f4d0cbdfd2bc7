"""What happens when somebody signs up."""

from __future__ import annotations

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from django.db import transaction
from django.http import HttpRequest

from apps.accounts.models import User
from apps.accounts.services.users import owner_ensure


class AccountAdapter(DefaultAccountAdapter):
    """allauth's, with the owner that every person has from the first moment."""

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        user.name = form.cleaned_data.get("name", "")
        with transaction.atomic():
            super().save_user(request, user, form, commit)
            if commit:
                owner_ensure(user=user)
        return user
