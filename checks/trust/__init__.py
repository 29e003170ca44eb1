"""Checks of trust anchors, issuers and webhook certificates."""
