"""Dates in English: no order of numbers that two countries read differently."""

DATE_FORMAT = "j M Y"
DATETIME_FORMAT = "j M Y, H:i"
