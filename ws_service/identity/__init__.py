"""Who connects: the origin of the page, the Django session behind the cookie, the user."""
