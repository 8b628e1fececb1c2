"""What this computer is and has. Operating-system calls live in one module per system."""
