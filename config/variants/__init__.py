"""What differs between products, as records: one module per variant."""
