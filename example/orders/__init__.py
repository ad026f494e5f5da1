"""Orders: changed in Django's admin, seen at once by the customer."""
