"""Checks of a cluster: versions, nodes, permissions, releases, pods."""
