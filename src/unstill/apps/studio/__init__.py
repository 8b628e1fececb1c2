"""The studio: a page of our own over the HTTP API, without a framework and without a build step."""
