"""The registry over HTTP: projects, credits, serials and certificates for all; retiring."""
