"""The front page: one counter, pushed two ways, and what arrives of each."""
