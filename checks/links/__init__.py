"""Checks of links, gateways, exports and requests."""
