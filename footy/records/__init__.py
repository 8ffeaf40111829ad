"""From what is held to flat records."""
