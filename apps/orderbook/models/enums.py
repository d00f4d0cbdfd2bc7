"""Words of the order book, stored as small integers."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Side(models.IntegerChoices):
    BUY = 0, _("Buy")
    SELL = 1, _("Sell")


class OrderType(models.IntegerChoices):
    LIMIT = 0, _("Limit")
    MARKET = 1, _("Market")


class TimeInForce(models.IntegerChoices):
    GTC = 0, _("Good till cancelled")
    IOC = 1, _("Immediate or cancel")
    FOK = 2, _("Fill or kill")
    GTT = 3, _("Good till a time")


class Stop(models.IntegerChoices):
    """Which trade a stop order waits for: one at its stop price or below, or above."""

    LOSS = 1, _("Stop loss")
    ENTRY = 2, _("Stop entry")


class SelfTrade(models.IntegerChoices):
    """What happens when an order meets one of the same owner, or of the same organisation."""

    DC = 0, _("Decrease and cancel")
    CO = 1, _("Cancel oldest")
    CN = 2, _("Cancel newest")
    CB = 3, _("Cancel both")


class CommandKind(models.IntegerChoices):
    PLACE = 1, _("Place")
    CANCEL = 2, _("Cancel")
    CANCEL_ALL = 3, _("Cancel all")
    TIME = 4, _("Time passes")
    SET_SWITCH = 5, _("Cancel all after a time")
    AMEND = 6, _("Amend")
    CHANGE = 7, _("Change of the market")
    STATE = 8, _("State of the book")


class OrderStatus(models.IntegerChoices):
    OPEN = 1, _("Open")
    DONE = 2, _("Done")
    REJECTED = 3, _("Rejected")


class DoneReason(models.IntegerChoices):
    FILLED = 1, _("Filled")
    CANCELED = 2, _("Canceled")
    SELF_TRADE = 3, _("Canceled: it would have traded with its owner")
    NOT_FILLABLE = 4, _("Canceled: what was left could not be filled at once")
    INSUFFICIENT_FUNDS = 5, _("Rejected: insufficient funds")
    POST_ONLY = 6, _("Rejected: post only, and it would have traded")
    NOT_OPEN = 7, _("Rejected: the market is not open")
    INVALID = 8, _("Rejected: not a whole number of the market's increments")
    EXPIRED = 9, _("Canceled: its time was over")
    OUT_OF_LIMITS = 11, _("Rejected: its size or its value is outside the market's limits")
    OUT_OF_BAND = 12, _("Rejected: its price is outside the market's price band")
