"""The site has its own settings, so its tests run in a pytest of their own: see test_site.py."""

import os

if os.environ.get("DJANGO_SETTINGS_MODULE") != "example.settings":
    collect_ignore = ["site"]
