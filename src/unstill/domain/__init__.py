"""Values only: what a request, a plan, a card and an error are. No files, no pixels, no network."""
