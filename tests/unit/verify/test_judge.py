"""What answers of pods are worth."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given
from hypothesis import strategies as st

from checks.facts.results import Status
from tests.certificates import Certified
from tests.unit.verify.builders import fresh
from verify import judge

OK, FAILED, SKIPPED = Status.OK, Status.FAILURE, Status.SKIPPED
GATEWAY = "ambassador.ambassador.serviceaccount.identity.linkerd.cluster.local"

groups = st.fixed_dictionaries(
    {
        "status": st.sampled_from([200, 403, 503, None]),
        "proxy_error": st.sampled_from([None, "unavailable"]),
        "cluster": st.sampled_from(["east", "west", None]),
        "client_id": st.sampled_from([GATEWAY, None, "web.shop"]),
        "count": st.integers(1, 9),
    }
)


@given(st.lists(groups, max_size=4), st.integers(1, 20))
def test_requests_pass_only_if_as_many_as_planned_got_200_from_the_target(
    found: list[dict[str, Any]], count: int
) -> None:
    good = [
        one
        for one in found
        if (one["status"], one["proxy_error"], one["cluster"]) == (200, None, "east")
    ]
    fine = len(good) == len(found) and sum(one["count"] for one in good) == count
    verdict = judge.AllAnsweredBy(frozenset({"east"}), count)({"groups": found})
    assert verdict.status is (OK if fine else FAILED)


@given(st.lists(groups, max_size=4))
def test_the_clients_identity_is_that_of_every_answer_of_our_server(
    found: list[dict[str, Any]],
) -> None:
    seen = {one["client_id"] for one in found if one["cluster"]}
    verdict = judge.ClientIdentity(GATEWAY)({"groups": found})
    assert verdict.status is (SKIPPED if not seen else OK if seen == {GATEWAY} else FAILED)


def _connection(**changes: str) -> dict[str, str]:
    return {"address": "10.9.0.2:4143", "tls": "true", "server_id": GATEWAY, **changes}


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        ([_connection()], OK),
        ([_connection(), _connection(address="10.1.1.1:80", tls="no_identity")], OK),
        ([], FAILED),
        ([_connection(tls="no_identity", server_id="")], FAILED),
        ([_connection(server_id="another")], FAILED),
        ([_connection(address="10.9.0.9:4143")], FAILED),
        ([_connection(), _connection(tls="no_identity", server_id="")], FAILED),
    ],
)
def test_the_proxy_has_to_have_opened_mtls_to_the_gateway_and_nothing_else_there(
    connections: list[dict[str, str]], expected: Status
) -> None:
    expects = judge.ServerIdentity(GATEWAY, frozenset({"10.9.0.2:4143"}))
    assert expects({"status": 200, "connections": connections}).status is expected


def test_metrics_that_cannot_be_read_prove_nothing() -> None:
    assert judge.ServerIdentity(GATEWAY)({"status": 403, "error": "x"}).status is SKIPPED


NO_HTTP = {"status": None, "stage": "answer", "error": "BadStatusLine"}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"http": {"status": 404, "proxy_error": None, "body": "none"}}, OK),
        ({"http": {"status": 404, "proxy_error": "no route"}}, FAILED),
        ({"http": {"status": None, "stage": "resolve", "error": "x"}}, FAILED),
        ({"http": NO_HTTP, "greeting": "220 mail", "opened": 1.0}, OK),
        ({"http": NO_HTTP, "greeting": None, "opened": 1.0}, OK),
        ({"http": NO_HTTP, "greeting": "220 mail", "opened": 0}, FAILED),
        ({"http": NO_HTTP, "greeting": None, "opened": 0}, FAILED),
        ({"http": NO_HTTP, "error": "ConnectionRefusedError"}, FAILED),
    ],
)
def test_an_export_answers_by_http_or_at_least_by_mtls(
    answer: dict[str, Any], expected: Status
) -> None:
    assert judge.ExportAnswered()(answer).status is expected


@pytest.mark.parametrize(
    ("across", "direct", "expected"),
    [
        ({"status": 500}, {"status": 200}, FAILED),
        ({"status": 403}, {"status": 204}, FAILED),
        ({"status": 404}, {"status": 404}, OK),
        ({"status": 503}, {"status": 503, "proxy_error": "unavailable"}, FAILED),
        ({"status": 503}, {"status": None, "stage": "connect", "error": "refused"}, FAILED),
        ({"status": 503}, {"status": 403}, SKIPPED),
        ({"status": 503}, None, SKIPPED),
        ({"status": 503, "server": "nginx"}, {"status": 200}, OK),
        ({"status": 500, "body": "it broke"}, {"status": 200}, OK),
        ({"status": 301}, {"status": 200}, OK),
    ],
)
def test_an_error_that_only_the_way_across_gives_is_no_answer_of_the_service(
    across: dict[str, Any], direct: dict[str, Any] | None, expected: Status
) -> None:
    verdict = judge.ExportAnswered()({"http": across, "direct": direct})
    assert verdict.status is expected, verdict


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"status": None, "stage": "answer", "error": "reset"}, OK),
        ({"status": None, "stage": "resolve", "error": "no name"}, SKIPPED),
        ({"status": 403}, OK),
        ({"status": 502, "proxy_error": "unavailable"}, OK),
        ({"status": 200, "cluster": "east"}, FAILED),
        ({"status": 403, "cluster": "east"}, FAILED),
        ({"status": 200}, FAILED),
        ({"status": 404}, FAILED),
    ],
)
def test_a_client_that_may_not_ask_must_get_nothing_of_the_server(
    answer: dict[str, Any], expected: Status
) -> None:
    assert judge.Refused()(answer).status is expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"accepted": True, "certificate": "x"}, FAILED),
        ({"accepted": False, "stage": "alert", "error": "unknown ca", "certificate": "x"}, OK),
        ({"accepted": False, "stage": "closed", "error": "closed", "certificate": "x"}, OK),
        ({"accepted": False, "stage": "handshake", "error": "unknown ca"}, SKIPPED),
        ({"accepted": False, "stage": "connect", "error": "refused"}, SKIPPED),
    ],
)
def test_a_handshake_counts_as_refused_only_after_the_gateway_showed_itself(
    answer: dict[str, Any], expected: Status
) -> None:
    assert judge.WrongCertificateRefused()(answer).status is expected


def _shown(pair: Certified, **more: Any) -> dict[str, Any]:
    der = pair.certificate.public_bytes(Encoding.DER)
    return {"certificate": base64.b64encode(der).decode(), **more}


def test_the_gateways_certificate_is_judged_by_name_time_and_chain() -> None:
    past = datetime.now(UTC) - timedelta(days=9)
    fine = fresh("gateway", host=GATEWAY)
    cases = [
        (_shown(fine, verified=True), OK),
        (_shown(fine, verified=False, doubt="self-signed"), FAILED),
        (_shown(fine, verified=None), SKIPPED),
        (_shown(fine), SKIPPED),
        (_shown(fresh("other"), verified=True), FAILED),
        (_shown(fresh("old", host=GATEWAY, begins=past, days=2), verified=True), FAILED),
        ({"certificate": "bm90aGluZw==", "verified": True}, FAILED),
        ({"error": "refused"}, SKIPPED),
    ]
    expects = judge.GatewayCertificate(GATEWAY)
    assert [expects(answer).status for answer, _ in cases] == [one for _, one in cases]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"addresses": [], "missing": True}, OK),
        ({"addresses": [], "missing": False, "error": "timeout"}, SKIPPED),
        ({"addresses": ["10.1.1.1"]}, FAILED),
    ],
)
def test_a_name_is_missing_only_where_name_servers_say_so(
    answer: dict[str, Any], expected: Status
) -> None:
    assert judge.NoName()(answer).status is expected


@pytest.mark.parametrize(
    ("answer", "inside", "outside"),
    [
        ({"status": 404, "server": "envoy"}, OK, OK),
        ({"status": 403, "server": "envoy"}, OK, OK),
        ({"status": 403, "server": None}, FAILED, FAILED),
        ({"status": 502, "proxy_error": "x", "server": None}, FAILED, FAILED),
        ({"status": None, "stage": "connect", "error": "x"}, FAILED, SKIPPED),
        ({"status": None, "stage": "answer", "error": "x"}, FAILED, FAILED),
    ],
)
def test_ambassador_answers_with_any_status_of_its_own(
    answer: dict[str, Any], inside: Status, outside: Status
) -> None:
    assert judge.AnsweredByAmbassador()(answer).status is inside
    assert judge.AnsweredByAmbassador(outside=True)(answer).status is outside


@pytest.mark.parametrize(
    ("answer", "routed", "to_east"),
    [
        ({"status": 200, "server": "envoy", "cluster": "east"}, OK, OK),
        ({"status": 200, "server": "envoy", "cluster": "west"}, OK, FAILED),
        ({"status": 404, "server": "envoy"}, FAILED, FAILED),
        ({"status": 404, "server": "envoy", "upstream": True}, OK, FAILED),
        ({"status": 503, "server": "envoy"}, FAILED, FAILED),
        ({"status": 403, "server": None}, FAILED, FAILED),
        ({"status": 401, "server": "envoy"}, FAILED, FAILED),
        ({"status": 401, "server": "envoy", "upstream": True}, OK, FAILED),
        ({"status": 301, "server": "envoy", "location": "https://a.example.com/"}, FAILED, FAILED),
        ({"status": 302, "server": "envoy", "location": "/login", "upstream": True}, OK, FAILED),
    ],
)
def test_a_route_of_ambassador_has_to_reach_a_server(
    answer: dict[str, Any], routed: Status, to_east: Status
) -> None:
    assert judge.Routed()(answer).status is routed
    assert judge.RoutedTo("east")(answer).status is to_east


def test_a_redirect_of_ambassador_counts_only_where_the_host_redirects_cleartext() -> None:
    answer = {"status": 301, "server": "envoy", "location": "https://a.example.com/x?token=t"}
    asked_for = judge.Routed("*.example.com")(answer)
    assert asked_for.status is OK
    assert "Host *.example.com redirects cleartext" in asked_for.detail
    unasked = judge.Routed()(answer)
    assert unasked.status is FAILED
    assert "https://a.example.com;" in unasked.detail
    assert "was not asked" in unasked.detail
    assert "token" not in asked_for.detail + unasked.detail
    elsewhere = judge.Routed("*.example.com")({**answer, "location": "http://b.example.com"})
    assert elsewhere.status is FAILED
    # Such an answer does not show what the target's own server would answer.
    assert judge.RoutedTo("east", "*.example.com")(answer).status is SKIPPED


@pytest.mark.parametrize(
    ("status", "expected"), [(None, OK), (401, OK), (403, OK), (200, FAILED), (404, FAILED)]
)
def test_a_closed_port_gives_no_answer_but_a_refusal(status: int | None, expected: Status) -> None:
    answer = {"status": status, "stage": "connect", "error": "refused"}
    assert judge.NotServed()(answer).status is expected


def test_a_mirror_without_an_endpoint_is_none_where_a_gateway_has_to_answer() -> None:
    there = {"exists": True, "addresses": [], "seconds": 9}
    assert judge.MirrorMade()(there).status is OK
    assert judge.MirrorMade(endpoints=True)(there).status is FAILED
    assert judge.MirrorMade()({"exists": False}).status is FAILED
    ready = {**there, "addresses": ["10.9.0.2:4143"]}
    assert judge.MirrorMade(endpoints=True)(ready).status is OK
