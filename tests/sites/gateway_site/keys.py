"""By what the gateway site's tokens are signed; tests sign some by hand."""

TOKEN_KEY = "the-gateway-sites-own-key-for-tokens-which-is-64-characters-long!"
