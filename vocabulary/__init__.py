"""The words of Kubernetes, Linkerd and Ambassador, each literal once. Imports no other package.

A kind, label, annotation, port, namespace, Secret, webhook or release has its name here; all other
packages import it.
"""
