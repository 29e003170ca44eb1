"""Runs that are killed, and API servers that fail, with the real engine on real API servers."""
