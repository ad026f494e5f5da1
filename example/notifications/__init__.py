"""Notifications: a bell on every page, rung for one user."""
