"""Images and containers: built and run for real, also where there is no Docker and no registry.

`recipe.py` is what a machine needs for it, `images.py` builds, `engine.py` runs; the shell scripts
beside them do one thing each and can be called alone.
"""
