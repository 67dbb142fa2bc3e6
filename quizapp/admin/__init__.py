"""Settings of the site and its health, for administrators; each other room keeps its own management pages."""
