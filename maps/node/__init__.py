"""Node: its processes, the lease that makes one of them the leader, and the channels between
them."""
