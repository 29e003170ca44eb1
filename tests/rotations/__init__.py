"""A trust anchor replaced on real API servers, while all pairs of clusters shake hands."""
