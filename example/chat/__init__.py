"""Chat: what is said is saved by a view; who is here and who types comes from the service."""
