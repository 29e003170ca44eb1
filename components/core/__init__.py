"""What all components use: providers, releases, Secrets, manifests, Helm values."""
