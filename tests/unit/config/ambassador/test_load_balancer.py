"""Annotations by which load balancers change bytes, and those that two Services can share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.ambassador.load_balancer import changing, kept

BETA = "service.beta.kubernetes.io"
AWS, DO, LINODE = (
    f"{BETA}/aws-load-balancer",
    f"{BETA}/do-loadbalancer",
    f"{BETA}/linode-loadbalancer",
)
SCALEWAY, HETZNER = f"{BETA}/scw-loadbalancer", "load-balancer.hetzner.cloud"
OPENSTACK, OCI = "loadbalancer.openstack.org", f"{BETA}/oci-load-balancer"
GATEWAY = {"mc-gateway": 4143, "mc-probe": 4191}
CERTIFICATE = "arn:aws:acm:eu-west-1:111122223333:certificate/0"

CHANGING: list[dict[str, str]] = [
    {f"{AWS}-proxy-protocol": "*"},
    {f"{AWS}-proxy-protocol-per-target-group": "443, 4143"},
    {f"{AWS}-target-group-attributes": "preserve_client_ip.enabled=true,"
                                       "proxy_protocol_v2.enabled=true"},
    {f"{AWS}-ssl-cert": CERTIFICATE},
    {f"{AWS}-ssl-cert": CERTIFICATE, f"{AWS}-ssl-ports": "*"},
    {f"{AWS}-ssl-cert": CERTIFICATE, f"{AWS}-ssl-ports": "443,mc-gateway"},
    {f"{AWS}-backend-protocol": "http"},
    {f"{DO}-protocol": "http"},
    {f"{DO}-protocol": "http2", f"{DO}-certificate-id": "0"},
    {f"{DO}-enable-proxy-protocol": "true"},
    {f"{DO}-tls-ports": "443,4143", f"{DO}-certificate-id": "0"},
    {f"{DO}-http-ports": "80,4191"},
    {f"{LINODE}-default-protocol": "https"},
    {f"{LINODE}-default-proxy-protocol": "v2"},
    {f"{LINODE}-proxy-protocol": "v1"},
    {f"{LINODE}-port-4143": '{"protocol": "https", "tls-secret-name": "tls"}'},
    {f"{LINODE}-port-4191": '{"proxy-protocol":"v2"}'},
    {f"{SCALEWAY}-proxy-protocol-v1": "true"},
    {f"{SCALEWAY}-proxy-protocol-v2": "*"},
    {f"{SCALEWAY}-proxy-protocol-v2": "80,4143"},
    {f"{SCALEWAY}-protocol-http": "true"},
    {f"{SCALEWAY}-certificate-ids": "11111111-0000"},
    {f"{SCALEWAY}-certificate-ids": "443:one;4143,8443:two"},
    {f"{HETZNER}/uses-proxyprotocol": "true"},
    {f"{HETZNER}/protocol": "https"},
    {f"{OPENSTACK}/proxy-protocol": "v2"},
    {f"{OPENSTACK}/x-forwarded-for": "true"},
    {f"{OPENSTACK}/default-tls-container-ref": "https://keys.example/v1/containers/0"},
    {f"{BETA}/ovh-loadbalancer-proxy-protocol": "v2-ssl-cn"},
    {f"{BETA}/azure-pls-proxy-protocol": "true"},
    {f"{BETA}/vultr-loadbalancer-proxy-protocol": "true"},
    {f"{BETA}/vultr-loadbalancer-protocol": "http"},
    {f"{OCI}-backend-protocol": "HTTP"},
    {f"{OCI}-ssl-ports": "4143", f"{OCI}-tls-secret": "tls"},
    {f"{OCI}-connection-proxy-protocol-version": "2"},
    {"oci-network-load-balancer.oraclecloud.com/is-ppv2-enabled": "true"},
]  # fmt: skip
"""Each changes bytes of the ports of a gateway."""

PASSING: list[dict[str, str]] = [
    {},
    {f"{AWS}-type": "nlb", f"{AWS}-scheme": "internal"},
    {f"{AWS}-ssl-cert": CERTIFICATE, f"{AWS}-ssl-ports": "443,https"},
    {f"{AWS}-backend-protocol": "tcp"},
    {f"{AWS}-backend-protocol": "ssl"},
    {f"{AWS}-healthcheck-protocol": "http"},
    {f"{AWS}-proxy-protocol-per-target-group": "80, 443"},
    {f"{AWS}-target-group-attributes": "proxy_protocol_v2.enabled=false"},
    {f"{DO}-protocol": "tcp", f"{DO}-healthcheck-protocol": "http"},
    {f"{DO}-enable-proxy-protocol": "false"},
    {f"{DO}-certificate-id": "0"},
    {f"{DO}-tls-ports": "443", f"{DO}-certificate-id": "0"},
    {f"{DO}-tls-ports": "443,4143", f"{DO}-tls-passthrough": "true"},
    {f"{LINODE}-default-protocol": "tcp", f"{LINODE}-default-proxy-protocol": "none"},
    {f"{LINODE}-port-443": '{"protocol": "https"}', f"{LINODE}-check-type": "http"},
    {f"{LINODE}-port-4143": '{"protocol": "tcp", "proxy-protocol": "none"}'},
    {f"{SCALEWAY}-proxy-protocol-v2": "80,443"},
    {f"{SCALEWAY}-protocol-http": "80"},
    {f"{SCALEWAY}-certificate-ids": "443:one,two"},
    {f"{HETZNER}/uses-proxyprotocol": "false", f"{HETZNER}/health-check-protocol": "http"},
    {f"{OPENSTACK}/proxy-protocol": "false"},
    {f"{OCI}-ssl-ports": "443", f"{OCI}-tls-secret": "tls"},
    {"networking.gke.io/load-balancer-type": "Internal", "cloud.google.com/l4-rbs": "enabled"},
    {f"{BETA}/azure-load-balancer-internal": "true"},
    {"konghq.com/protocol": "http"},
]
"""None changes them."""

UNIQUE = (
    "external-dns.alpha.kubernetes.io/hostname",
    f"{AWS}-name",
    f"{AWS}-eip-allocations",
    f"{AWS}-private-ipv4-addresses",
    f"{DO}-name",
    f"{DO}-hostname",
    "kubernetes.digitalocean.com/load-balancer-id",
    f"{LINODE}-nodebalancer-id",
    f"{LINODE}-reserved-ipv4",
    f"{SCALEWAY}-id",
    f"{SCALEWAY}-ip-ids",
    f"{HETZNER}/name",
    f"{HETZNER}/private-ipv4",
    f"{OPENSTACK}/load-balancer-id",
    f"{OPENSTACK}/port-id",
    f"{BETA}/azure-pip-name",
    f"{BETA}/azure-dns-label-name",
    f"{BETA}/azure-load-balancer-ipv4",
    "networking.gke.io/load-balancer-ip-addresses",
    "metallb.io/loadBalancerIPs",
    "kube-vip.io/loadbalancerIPs",
    "lbipam.cilium.io/ips",
)
"""Each names one load balancer, or its address."""

SHARED = {
    f"{AWS}-type": "external",
    f"{AWS}-scheme": "internal",
    f"{AWS}-nlb-target-type": "ip",
    f"{AWS}-subnets": "subnet-0,subnet-1",
    f"{AWS}-security-groups": "sg-0",
    f"{AWS}-internal": "true",
    f"{LINODE}-firewall-id": "7",
    f"{LINODE}-backend-vpc-name": "inner",
    f"{SCALEWAY}-private": "true",
    f"{HETZNER}/use-private-ip": "true",
    f"{HETZNER}/location": "fsn1",
    f"{OPENSTACK}/network-id": "0",
    f"{OPENSTACK}/subnet-id": "1",
    "networking.gke.io/load-balancer-type": "Internal",
    f"{BETA}/azure-load-balancer-internal": "true",
    f"{BETA}/azure-load-balancer-internal-subnet": "inner",
    "metallb.io/address-pool": "inner",
    "example.com/team": "edge",
}
"""What keeps a load balancer private, and where it is: a second Service has to have it as well."""


@pytest.mark.parametrize("annotations", CHANGING, ids=str)
def test_an_annotation_that_changes_bytes_is_found_and_not_shared(annotations: Any) -> None:
    found = changing(annotations, GATEWAY)
    assert len(found) == 1
    assert not changing(kept(annotations), GATEWAY)


@pytest.mark.parametrize("annotations", PASSING, ids=str)
def test_an_annotation_that_leaves_the_gateway_s_bytes_alone_is_not_found(annotations: Any) -> None:
    assert changing(annotations, GATEWAY) == []


@given(
    st.lists(st.sampled_from(CHANGING), max_size=3),
    st.dictionaries(st.sampled_from(UNIQUE), st.sampled_from(["one", "192.0.2.7"]), max_size=4),
)
def test_a_second_service_keeps_what_makes_it_private_and_nothing_else(
    changed: list[dict[str, str]], unique: dict[str, str]
) -> None:
    annotations = dict(SHARED) | unique
    for one in changed:
        annotations |= one
    assert kept(annotations) == SHARED


def test_the_ports_are_those_of_the_gateway() -> None:
    lists = {f"{AWS}-ssl-cert": CERTIFICATE, f"{AWS}-ssl-ports": "443,5143"}
    assert changing(lists, GATEWAY) == []
    assert changing(lists, {**GATEWAY, "mc-gateway": 5143}) == [f"{AWS}-ssl-cert"]
