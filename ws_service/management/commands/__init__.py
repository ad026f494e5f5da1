"""publish  data from a shell, a script, another program's output."""
