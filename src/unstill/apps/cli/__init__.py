"""The command line. `app` declares the commands; each command loads on use."""
