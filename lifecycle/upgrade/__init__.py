"""Upgrades in waves: which versions are installed, which are wanted, and the next line to write."""
