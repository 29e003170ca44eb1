"""Restarts of workloads whose proxies have older trust anchors: which, in which order, and how."""
