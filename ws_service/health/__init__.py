"""Can this process do its work? Asked by probes over a WebSocket."""
