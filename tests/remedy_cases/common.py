"""Settings that cases of several subjects have."""

COLLECTOR = {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"}
HOST = {"name": "shop", "hostname": "viz.example.com"}
INGRESS = {"name": "web", "namespace": "shop", "service": "web", "host": "shop.example.com"}
