"""Histories of a mesh in which anchors, links and clusters change: the model that tests walk."""
