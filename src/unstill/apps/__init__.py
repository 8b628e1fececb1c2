"""Ways in for people and programs. They are handed `Services` and never import an engine or media."""
