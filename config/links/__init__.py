"""Links between clusters and what they export."""
