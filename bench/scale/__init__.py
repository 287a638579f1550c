"""How many machines, and how much money, a size takes: from measured costs by simulation."""
