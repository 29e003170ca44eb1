"""What links leave behind, and how it goes: with Pulumi's own resource, or by `./mesh sweep`."""
