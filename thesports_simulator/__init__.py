"""A server that speaks the vendor's protocol about a simulated world of live matches."""
