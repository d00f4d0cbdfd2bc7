"""Tools for those who work on ccmarket. Nothing here runs in production."""
