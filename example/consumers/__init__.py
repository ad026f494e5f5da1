"""The site's own consumers. Only the service imports them, through ``example/routing.py``."""
