"""What stops the bridge when the chain and our records cannot both be right."""


class EventContradiction(Exception):
    """A final event that our own records rule out. The message names both."""
