"""Who uses the site: people with an e-mail address instead of a user name."""
