"""A device: it reports readings, obeys commands, and is seen to be there or not."""
