"""What a customer writes on a bank transfer so that we know whose money it is.

A creditor reference by ISO 11649: `RF`, two check digits, then the owner's number. Banks carry it
unchanged, and a mistyped digit never points to somebody else.
"""

from __future__ import annotations

from typing import Final

from apps.accounts.ledger.models import Owner

PREFIX: Final = "CCM"
CHECK_MODULUS: Final = 97


def reference_of(owner: Owner) -> str:
    """The owner's reference, in groups of four: `RF32 CCM1 7`."""
    body = f"{PREFIX}{owner.pk}"
    check = CHECK_MODULUS + 1 - _number(f"{body}RF00") % CHECK_MODULUS
    return _grouped(f"RF{check:02d}{body}")


def owner_of_reference(text: str) -> Owner | None:
    """Whose it is; None for a reference that is not ours or mistyped. Case and spaces are free."""
    compact = "".join(text.split()).upper()
    head, body = compact[:4], compact[4:]
    digits = body.removeprefix(PREFIX)
    if not (
        compact.isascii()
        and head[:2] == "RF"
        and head[2:].isdigit()
        and digits != body
        and digits.isdigit()
        and len(digits) <= 18
        and _number(body + head) % CHECK_MODULUS == 1
    ):
        return None
    return Owner.objects.filter(pk=int(digits), platform_name__isnull=True).first()


def _number(text: str) -> int:
    """Letters as 10 to 35, as in ISO 7064."""
    return int("".join(str(int(character, 36)) for character in text))


def _grouped(text: str) -> str:
    return " ".join(text[start : start + 4] for start in range(0, len(text), 4))
