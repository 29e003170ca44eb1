"""Rules between the settings of one Ambassador, by subject."""
