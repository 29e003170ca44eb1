"""Checks of Ambassador: its pods, Hosts, routes, ports and policy."""
