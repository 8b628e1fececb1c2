"""Parts that stand behind a port and could be another: stores, workers, weights."""
