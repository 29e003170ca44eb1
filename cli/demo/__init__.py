"""The verb `demo`: two local clusters and the stack `local` in them."""
