"""Procedures over the life of a mesh: where it is in a change, what is missing, what to do next."""
