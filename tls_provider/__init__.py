"""A stand-in for Pulumi's provider tls, for machines where the real one cannot be had."""
