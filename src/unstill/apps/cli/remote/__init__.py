"""A running server, spoken to from the command line.

- `place`: where it is and what it asks for; `client`: HTTP, bounded, every failure typed; `patience`: how
  long a server that is away is waited for.
- `video`: what it says of one video; `follow`: a video until it is settled; `download`: the file, whole.
- `submit`, `generate`: `unstill generate --server`.
"""
