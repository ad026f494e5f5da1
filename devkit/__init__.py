"""What `dev.py` is made of: ports, child processes, Redis, the virtual environment.

Standard library only, because it runs before anything is installed. The tests use it too, so
that they start real processes in the same way as `python3 dev.py run` does.
"""
