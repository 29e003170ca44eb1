"""Settings that cases of several subjects have."""

COLLECTOR = {"collector": "tempo.tracing:4317", "serviceAccount": "tempo"}
HOST = {"name": "shop", "hostname": "viz.example.com"}
