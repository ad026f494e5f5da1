"""Catch the light: a small game for everybody who is there."""
