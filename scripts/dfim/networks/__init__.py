"""Networks: the graph that describes one, the table of its kinds of nodes, and the ways in."""
