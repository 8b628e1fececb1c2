"""Workers on machines of a Ray cluster: one actor a slot, which runs the usual worker process on its node.

Importing this reads neither ray nor torch.
"""

from unstill.adapters.ray_workers.cluster import Cluster, check_cluster, connect, disconnect, nodes
from unstill.adapters.ray_workers.files import Roots
from unstill.adapters.ray_workers.pools import Node, Pool, Slot, derive_pools, parse_pools, slots_of
from unstill.adapters.ray_workers.worker import RayWorker

__all__ = [
    "Cluster", "Node", "Pool", "RayWorker", "Roots", "Slot", "check_cluster", "connect", "derive_pools",
    "disconnect", "nodes", "parse_pools", "slots_of",
]  # fmt: skip
