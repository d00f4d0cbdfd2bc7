"""The pages of the registry, by what a visitor looks at."""
