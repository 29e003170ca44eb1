"""What is read of a cluster and the form of a check's result."""
