"""Trust anchors, issuers and cert-manager in a stack file."""
