"""What `make demo` puts on an empty ccmarket: people, real projects, markets, market makers.

Everything goes in through the same services, API and chain that users have.
"""
