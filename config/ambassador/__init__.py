"""Ambassador in a cluster: installed or adopted, what it serves, its gateway."""
