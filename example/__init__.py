"""The existing Django site: pages, logins and an admin under Gunicorn, without a WebSocket.

Its live part is another process, ``ws-service serve``, started with these same settings.
"""
