"""The website as it is served: HTTP orders, and the feed to many."""
