"""What `./mesh import` does: a Pulumi state for a mesh that exists already."""
