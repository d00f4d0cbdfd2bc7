"""Blocks, in and out of custody, made the way the product makes them."""

from datetime import date

from django.db import connection, transaction

from apps.accounts.ledger import invariants as ledger
from apps.accounts.ledger.models import Owner
from apps.accounts.models import FourEyesModel
from apps.registry import invariants, invariants_entries, invariants_labels
from apps.registry.imports.landing import land
from apps.registry.imports.rows import BlockRow, ProjectFacts, VintageFacts
from apps.registry.models import CreditClass, CustodyReceipt, SerialBlock
from apps.registry.serials import parse
from apps.registry.services.custody import custody_receipt_decide, custody_receipt_propose
from tests.support.factories import owner_make, staff_make

TONNE = 1_000_000


def block_make(
    first: int = 1,
    tonnes: int = 10,
    *,
    project: str = "1987",
    year: int = 2023,
    issued_on: date | None = date(2026, 3, 31),
    is_old_form: bool = False,
) -> SerialBlock:
    """A block of an Argentine wind project as an import brings it."""
    last, form = first + tonnes - 1, "VCU" if is_old_form else "VCS-VCU"
    row = BlockRow(
        line=1,
        serial=parse(
            f"19370-{first}-{last}-{form}-1323-VER-AR-1-{project}-0101{year}-3112{year}-0"
        ),
        project=ProjectFacts(project, f"Wind project {project}", "AR", "Energy industries"),
        vintage=VintageFacts(date(year, 1, 1), date(year, 12, 31), year),
        issued_on=issued_on,
        certifications=(),
        ending=None,
    )
    with transaction.atomic():
        assert land([row]).accepted == 1
    return SerialBlock.objects.get(
        start=first, end=last, series__key=form, vintage__project__code=f"VCS-{project}"
    )


def receive(block: SerialBlock, owner: Owner) -> CreditClass:
    """Bring a block into custody for `owner`, by two members of staff; its class."""
    proposer = staff_make(("add", CustodyReceipt))
    decider = staff_make(("change", CustodyReceipt))
    receipt = custody_receipt_propose(
        block=block, owner=owner, registry_reference=f"T-{block.pk}", by=proposer
    )
    custody_receipt_decide(proposal=receipt, decision=FourEyesModel.Decision.APPROVED, by=decider)
    block.refresh_from_db()
    vintage = block.vintage
    vintage.refresh_from_db()
    assert vintage.credit_class is not None
    return vintage.credit_class


def holder_make(*blocks: SerialBlock) -> tuple[Owner, CreditClass]:
    """An owner whose balance is backed by these blocks of one class."""
    owner = owner_make()
    classes = {receive(block, owner) for block in blocks or (block_make(),)}
    [credit_class] = classes
    return owner, credit_class


def labels_work_out() -> None:
    """From here on what classes carry is worked out at once, as it is when a test's never ends.

    Otherwise that waits for the end of the transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS registry_labels_due IMMEDIATE")


def broken_invariants() -> list[str]:
    """What is broken in the registry and the ledger, line by line."""
    labels_work_out()
    checks = (
        invariants.spans_lie_inside_blocks,
        invariants.free_grams_are_those_in_no_span,
        invariants.custody_is_free_grams_and_spans,
        invariants.retired_spans_are_the_retired_balance,
        invariants.retirements_have_their_spans,
        invariants.vintages_stay_within_issuance,
        invariants.blocks_in_custody_were_received,
        invariants.retired_grams_are_listed_once,
        invariants.withdrawals_have_their_serials,
        invariants.blocks_stand_at_their_addresses,
        invariants_entries.endings_measure_their_serials,
        invariants_entries.no_ending_is_in_custody,
        invariants_entries.ended_blocks_are_retired,
        invariants_labels.classes_carry_the_labels_of_their_blocks,
        ledger.balances_equal_transfers,
        ledger.assets_sum_to_zero,
    )
    return [line for check in checks for line in check()]
