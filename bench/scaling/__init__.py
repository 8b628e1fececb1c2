"""How many machines a given demand takes: a queueing simulation, fed by what was measured and planned.

`room` simulates one pool of equal slots, `sizing` searches for the number of them, `tables` prints what
stands in docs/scaling.md, `theory` has the closed forms that the simulation is held against.
"""
