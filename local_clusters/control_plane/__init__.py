"""What a control plane is made of: command lines, keys, addresses, nodes, load balancer."""
