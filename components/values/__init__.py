"""Helm values from models: pure functions, one module per chart or family of charts."""
