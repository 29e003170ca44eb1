"""The Pulumi engine and a stack's decrypted configuration."""
