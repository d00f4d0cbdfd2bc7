"""The matching engine: a pure book, and the process that makes what it decides durable."""
