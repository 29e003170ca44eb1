"""The trust anchor, what it signs, and cert-manager."""
