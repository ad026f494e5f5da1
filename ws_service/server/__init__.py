"""The server under ``ws-service serve``. The web container never imports it."""
