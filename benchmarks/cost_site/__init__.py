"""A site with users and sessions in PostgreSQL, for `benchmarks.cost`."""
