"""Ambassador in a cluster: installation or adoption, objects, policy, gateway."""
