"""The pods of the scaled manifests, and who of them may speak with whom, by the network policies.

The policies are read as Kubernetes documents them; a cluster's network plugin may know better.
"""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from typing import Any

from manifests import Manifest, one

DNS = {"k8s-app": "kube-dns"}
CLIENT = {"unstill-client": "true"}


def groups(found: list[Manifest]) -> dict[str, Manifest]:
    """Ray's groups by name, the head among them."""
    spec = one(found, "RayCluster")["spec"]
    return {
        "head": spec["headGroupSpec"],
        **{group["groupName"]: group for group in spec["workerGroupSpecs"]},
    }


def pods(found: list[Manifest]) -> dict[str, Manifest]:
    """Pod templates by what they are."""
    made = {
        m["metadata"]["name"]: m["spec"]["template"]
        for m in found
        if m["kind"] in ("Deployment", "StatefulSet")
    }
    return {**made, **{f"ray-{name}": group["template"] for name, group in groups(found).items()}}


def all_containers(template: Manifest) -> list[Manifest]:
    return [*template["spec"].get("initContainers", []), *template["spec"]["containers"]]


def labels(found: list[Manifest], name: str) -> dict[str, str]:
    made: dict[str, str] = pods(found)[name]["metadata"]["labels"]
    return made


# --- policies


def selected(selector: Manifest, has: Mapping[str, str]) -> bool:
    """matchLabels and matchExpressions with In. An empty selector means everybody."""
    for expression in selector.get("matchExpressions", []):
        assert expression["operator"] == "In"
        if has.get(expression["key"]) not in expression["values"]:
            return False
    return bool(selector.get("matchLabels", {}).items() <= has.items())


def passes(found: list[Manifest], source: str, target: str, port: int) -> bool:
    """Whether ``source`` may open a connection: a pod's name, "dns", "client", "stranger" or an address."""
    return _side(found, "Egress", source, target, port) and _side(found, "Ingress", target, source, port)


def _side(found: list[Manifest], way: str, whose: str, other: str, port: int) -> bool:
    if whose not in pods(found):
        return True
    policies = [
        m["spec"] for m in found
        if m["kind"] == "NetworkPolicy" and way in m["spec"]["policyTypes"]
        and selected(m["spec"]["podSelector"], labels(found, whose))
    ]  # fmt: skip
    end, field = ("to", "egress") if way == "Egress" else ("from", "ingress")
    server = whose if way == "Ingress" else other
    rules = [rule for spec in policies for rule in spec.get(field, [])]
    return not policies or any(
        _rule(found, rule.get(end), rule.get("ports"), other, server, port) for rule in rules
    )


def _rule(found: list[Manifest], peers: Any, ports: Any, other: str, server: str, port: int) -> bool:
    """No list of peers, or of ports, means all of them."""
    who = peers is None or any(_peer(found, peer, other) for peer in peers)
    return who and (ports is None or any(_port(found, each, server, port) for each in ports))


def _peer(found: list[Manifest], peer: Manifest, other: str) -> bool:
    if "ipBlock" in peer:
        return other[0].isdigit() and ip_address(other) in ip_network(peer["ipBlock"]["cidr"])
    if other[0].isdigit():
        return False
    outside = peer.get("namespaceSelector")
    if outside is not None and outside.get("matchLabels") != {"kubernetes.io/metadata.name": "kube-system"}:
        return False
    if (outside is not None) is not (other == "dns"):
        return False
    has = {"dns": DNS, "client": CLIENT, "stranger": {}}.get(other)
    return selected(peer.get("podSelector", {}), labels(found, other) if has is None else has)


def _port(found: list[Manifest], rule: Manifest, server: str, port: int) -> bool:
    number = rule["port"]
    if isinstance(number, str):
        named = {
            p.get("name"): p["containerPort"]
            for c in all_containers(pods(found)[server])
            for p in c.get("ports", [])
        }
        number = named.get(number, -1)
    return bool(number <= port <= rule.get("endPort", number))
