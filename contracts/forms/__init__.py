"""Predicates for the forms of what is written."""
