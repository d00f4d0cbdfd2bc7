"""People and organisations."""

from __future__ import annotations

import uuid
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.indexes import OpClass
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Lower, Upper
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from django_countries.fields import CountryField

from apps.accounts.ledger.models import Owner


class UserManager(BaseUserManager["User"]):
    """Creates users by email address, each with the owner of what they will hold."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(email=self.normalize_email(email), **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            Owner.objects.using(self._db).create(user=user)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> User:
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Signs in with an email address; acts for themselves or for an organisation."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField(_("email address"), unique=True)
    name = models.CharField(_("name"), max_length=120, blank=True)
    is_staff = models.BooleanField(_("staff"), default=False)
    is_auditor = models.BooleanField(
        _("auditor"), default=False, help_text=_("Reads everything, changes nothing.")
    )
    is_active = models.BooleanField(_("active"), default=True)
    date_joined = models.DateTimeField(_("joined"), auto_now_add=True)

    objects: ClassVar[UserManager] = UserManager()

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        indexes = [
            # How a list finds people by what somebody types, and the few who have rights.
            models.Index(
                OpClass(Upper("email"), "text_pattern_ops"), name="accounts_user_email_begins"
            ),
            models.Index(
                OpClass(Upper("name"), "text_pattern_ops"), name="accounts_user_name_begins"
            ),
            models.Index(fields=["id"], condition=Q(is_staff=True), name="accounts_user_staff"),
            models.Index(fields=["id"], condition=Q(is_auditor=True), name="accounts_user_auditor"),
            models.Index(fields=["id"], condition=Q(is_active=False), name="accounts_user_ended"),
        ]
        constraints = [
            models.UniqueConstraint(Lower("email"), name="accounts_user_email_ci"),
            models.CheckConstraint(
                name="accounts_user_auditor_changes_nothing",
                condition=models.Q(is_auditor=False) | models.Q(is_superuser=False),
            ),
        ]

    def __str__(self) -> str:
        return self.name or self.email


class Organisation(models.Model):
    """A company or institution that holds balances and acts through its members."""

    public_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(_("name"), max_length=200)
    country = CountryField(_("country"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    verified_until = models.DateField(
        _("verified until"),
        null=True,
        blank=True,
        editable=False,
        help_text=_("The last day of what two members of staff have approved."),
    )
    members = models.ManyToManyField(User, through="Membership", related_name="organisations")

    class Meta:
        verbose_name = _("organisation")
        verbose_name_plural = _("organisations")
        indexes = [
            models.Index(
                OpClass(Upper("name"), "text_pattern_ops"), name="accounts_organisation_begins"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @cached_property
    def owner(self) -> Owner:
        """Its main account, which stays the same."""
        return self.accounts.get(parent=None)


class Membership(models.Model):
    """What one person may do for one organisation: for all its accounts, unless `is_limited`."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")
        TRADER = "trader", _("Trader")
        APPROVER = "approver", _("Approver")
        ACCOUNTANT = "accountant", _("Accountant")
        VIEWER = "viewer", _("Viewer")

    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    organisation = models.ForeignKey(Organisation, models.CASCADE, related_name="memberships")
    role = models.CharField(_("role"), max_length=12, choices=Role)
    is_limited = models.BooleanField(_("only for some accounts"), default=False, db_default=False)
    accounts = models.ManyToManyField(
        Owner, through="MembershipAccount", related_name="limited_members"
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("membership")
        verbose_name_plural = _("memberships")
        constraints = [
            models.UniqueConstraint(fields=["user", "organisation"], name="accounts_member_once"),
            models.CheckConstraint(
                name="accounts_member_owners_are_not_limited",
                condition=Q(is_limited=False) | ~Q(role="owner"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user} · {self.organisation} · {self.get_role_display()}"


class MembershipAccount(models.Model):
    """An account that a limited member may act for."""

    membership = models.ForeignKey(
        Membership, models.CASCADE, related_name="limits", db_index=False
    )
    account = models.ForeignKey(Owner, models.PROTECT, related_name="+", verbose_name=_("account"))

    class Meta:
        verbose_name = _("account of a member")
        verbose_name_plural = _("accounts of members")
        constraints = [
            models.UniqueConstraint(
                fields=["membership", "account"], name="accounts_membershipaccount_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.membership_id}: {self.account_id}"
