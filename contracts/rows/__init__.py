"""The rows of the table of contracts, one module per subject."""
