"""The credits: projects, vintages, serial blocks, the spans cut from them, and retirements."""

from apps.registry.models.alarms import CustodyAlarm
from apps.registry.models.blocks import CreditEvent, SerialBlock, SerialSeries, Span
from apps.registry.models.catalogue import CreditClass, Project, Registry, Vintage
from apps.registry.models.changes import ImportChange
from apps.registry.models.corrections import BeneficiaryCorrection
from apps.registry.models.custody import CustodyReceipt
from apps.registry.models.entries import RegistryEntry
from apps.registry.models.imports import ImportRefusal, ImportRun
from apps.registry.models.labels import (
    CarriedLabel,
    ClassEffect,
    ClassLabel,
    Label,
    LabelGrant,
    LabelsDue,
    LabelSpelling,
    LabelWord,
    UnmappedLabel,
)
from apps.registry.models.ratings import ClassRating, Rating, RatingAgency, RatingGrade
from apps.registry.models.registry_retirements import RegistryConfirmation, RegistryRetirement
from apps.registry.models.retirement import Retirement, RetirementLabel
from apps.registry.models.splits import BlockSplit
from apps.registry.models.statements import (
    CustodyDifference,
    CustodyStatement,
    CustodyStatementLine,
)
from apps.registry.models.taxonomy import (
    Effect,
    Methodology,
    MethodologySpelling,
    ProjectTaxonomy,
    ProjectTerm,
    ProjectType,
    TypeCategory,
    TypeSpelling,
    UnmappedTerm,
)
from apps.registry.models.uploads import ImportUpload, UploadRefusal
from apps.registry.models.withdrawals import Withdrawal, WithdrawalLine, WithdrawalOutcome

__all__ = [
    "BeneficiaryCorrection",
    "BlockSplit",
    "CarriedLabel",
    "ClassEffect",
    "ClassLabel",
    "ClassRating",
    "CreditClass",
    "CreditEvent",
    "CustodyAlarm",
    "CustodyDifference",
    "CustodyReceipt",
    "CustodyStatement",
    "CustodyStatementLine",
    "Effect",
    "ImportChange",
    "ImportRefusal",
    "ImportRun",
    "ImportUpload",
    "Label",
    "LabelGrant",
    "LabelSpelling",
    "LabelWord",
    "LabelsDue",
    "Methodology",
    "MethodologySpelling",
    "Project",
    "ProjectTaxonomy",
    "ProjectTerm",
    "ProjectType",
    "Rating",
    "RatingAgency",
    "RatingGrade",
    "Registry",
    "RegistryConfirmation",
    "RegistryEntry",
    "RegistryRetirement",
    "Retirement",
    "RetirementLabel",
    "SerialBlock",
    "SerialSeries",
    "Span",
    "TypeCategory",
    "TypeSpelling",
    "UnmappedLabel",
    "UnmappedTerm",
    "UploadRefusal",
    "Vintage",
    "Withdrawal",
    "WithdrawalLine",
    "WithdrawalOutcome",
]
