"""A server speaking the vendor's protocol over a world of matches that moves."""
