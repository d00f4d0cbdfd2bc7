"""The pages of the settlement layer."""
