"""The file of a bulk order: its columns, its numbers, and what each of its rows says."""
