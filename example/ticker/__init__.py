"""A ticker: twenty updates a second, of which only the latest counts."""
