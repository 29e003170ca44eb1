"""Dashboards for Grafana: queries and titles in tables, written as the JSON that Grafana loads."""

from components.platform.dashboards.loader import DASHBOARDS, dashboard_texts

__all__ = ["DASHBOARDS", "dashboard_texts"]
