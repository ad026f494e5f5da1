"""The pages: a start page and three examples of what a live part adds to a site."""
