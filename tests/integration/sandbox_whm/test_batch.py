"""What WHM refuses of a batch costs that fact alone; what does not fit the question costs all of them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Callable

import pytest

from mxverdict.collect.server import Server, read_server
from mxverdict.errors import WhmApiError, WhmError, WhmForbidden, WhmUnreachable
from mxverdict.host import Host
from mxverdict.whm.api import LocalWhmApi, WhmApi
from mxverdict.whm.https import HttpsWhmApi
from tests.integration.sandbox_whm.helpers import Https, fault, whmapi1
from tests.sandbox.whm import certificate
from tests.sandbox.whm.defaults import ROOT_READING_TOKEN, ROOT_TOKEN

FACTS = {
    "gethostname": "host name",
    "listips": "addresses",
    "get_tweaksetting": "delay",
    "cpgreylist_status": "greylisting",
}
CALLS: list[tuple[str, dict[str, str]]] = [("gethostname", {}), ("version", {})]
REASON = "The disk: it is full; 50% of it"


def over_https(https: Https, token: Any = ROOT_TOKEN) -> WhmApi:
    port = int(https.url.rpartition(":")[2])
    authority = str(certificate.authority(https.root).certificate)
    return HttpsWhmApi("cp1.example.net", token.user, token.secret, port=port, verify=authority)


@pytest.fixture(params=["local", "https"])
def api(request: pytest.FixtureRequest, https: Https) -> WhmApi:
    return LocalWhmApi(Host(https.root)) if request.param == "local" else over_https(https)


@pytest.fixture
def host(root: Path) -> Host:
    (root / "etc/exim.conf").write_text("begin acl\n")
    return Host(root)


def facts(server: Server) -> dict[str, Any]:
    settings = server.settings
    return {
        "host name": server.hostname,
        "addresses": [target.address for target in server.targets],
        "delay": settings.delay_setting,
        "greylisting": settings.greylisting,
    }


ALL = {
    "host name": "cp1.example.net",
    "addresses": ["203.0.113.10", "203.0.113.11"],
    "delay": True,
    "greylisting": True,
}


@pytest.fixture(autouse=True)
def greylisting(root: Path) -> None:
    (root / "var/cpanel/greylist/enabled").touch()


@pytest.mark.parametrize("refused", FACTS)
def test_a_refused_call_costs_its_own_fact(host: Host, api: WhmApi, refused: str) -> None:
    assert facts(read_server(host, api)) == ALL
    fault(host.root, "whmapi1-refuses", f"{refused} {REASON}\n")
    server = read_server(host, api)
    fact = FACTS[refused]
    lost = {"host name": "", "addresses": []}.get(fact)
    assert facts(server) == {**ALL, fact: lost}
    assert server.settings.error == ""
    assert [(one.fact, one.reason) for one in server.settings.missing] == [
        (fact, f"WHM refused {refused}: {REASON}")
    ]


def test_the_whole_then_says_no_and_every_answer_is_there(root: Path) -> None:
    answer = whmapi1(root, "batch", "command-0=version", "command-1=no_such_function")
    assert answer["metadata"]["result"] == 0
    assert [one["metadata"]["result"] for one in answer["data"]["result"]] == [1, 0]


def test_what_a_token_may_not_ask_costs_that_alone(https: Https) -> None:
    name, version, unknown = over_https(https, ROOT_READING_TOKEN).batch(
        [("gethostname", {}), ("version", {}), ("listips", {})]
    )
    assert isinstance(name, dict)
    assert isinstance(version, dict)
    assert isinstance(unknown, WhmForbidden)


def test_values_arrive_as_they_are(api: WhmApi) -> None:
    """A reason repeats the key when it is not a known one."""
    for key in ("CONTACTEMAIL", "a&b=c?d e%25+f", "\N{SNOWMAN}"):
        (answer,) = api.batch([("get_tweaksetting", {"module": "Basic", "key": key})])
        if key == "CONTACTEMAIL":
            assert isinstance(answer, dict)
        else:
            assert str(answer) == "WHM refused get_tweaksetting: Invalid tweaksetting key"


def answer_with(root: Path, change: Callable[[list[Any]], Any]) -> None:
    """Let batches answer what `change` makes of the list of answers to CALLS."""
    results = whmapi1(root, "batch", *(f"command-{n}={name}" for n, (name, _) in enumerate(CALLS)))
    fault(root, "batch-data", json.dumps({"result": change(results["data"]["result"])}))


@pytest.mark.parametrize(
    "change",
    [
        lambda results: results[:-1],
        lambda results: [],
        lambda results: [*results, results[0]],
        lambda results: dict(enumerate(results)),
        lambda results: "ab",
        lambda results: None,
    ],
)
def test_a_list_of_another_length_is_of_no_use(
    root: Path, api: WhmApi, change: Callable[[list[Any]], Any]
) -> None:
    answer_with(root, change)
    with pytest.raises(WhmUnreachable, match="does not fit the question"):
        api.batch(CALLS)


def test_then_the_reason_of_the_whole_is_reported(root: Path, api: WhmApi) -> None:
    answer_with(root, lambda results: results[:1])
    with pytest.raises(WhmApiError, match="WHM refused batch: Refused: no_such_function"):
        api.batch([CALLS[0], ("no_such_function", {})])


@pytest.mark.parametrize("data", ["[]", '"text"', "null", "{}", '{"result": null}'])
def test_data_of_another_kind_is_of_no_use(root: Path, api: WhmApi, data: str) -> None:
    fault(root, "batch-data", data)
    with pytest.raises(WhmUnreachable):
        api.batch(CALLS)


@pytest.mark.parametrize(
    "entry",
    [
        None,
        "text",
        [],
        {},
        {"data": {"version": "1"}},
        {"metadata": None},
        {"metadata": {"result": 1, "command": "gethostname"}, "data": {"hostname": "x"}},
        {"metadata": {"result": 1, "command": "version"}, "data": ["x"]},
    ],
)
def test_garbage_in_the_list_costs_that_alone(root: Path, api: WhmApi, entry: Any) -> None:
    answer_with(root, lambda results: [results[0], entry])
    name, version = api.batch(CALLS)
    assert name == {"hostname": "cp1.example.net"}
    assert isinstance(version, WhmError)
    assert "version" in str(version)


def test_an_answer_without_what_was_asked_for_is_missing(host: Host, api: WhmApi) -> None:
    entries: list[tuple[str, dict[str, Any]]] = [
        ("gethostname", {"hostname": "cp1.example.net"}),
        ("listips", {}),
        ("get_tweaksetting", {"tweaksetting": {"value": "0"}}),
        ("cpgreylist_status", {"service": "x"}),
    ]
    results = [{"metadata": {"result": 1, "command": name}, "data": data} for name, data in entries]
    fault(host.root, "batch-data", json.dumps({"result": results}))
    server = read_server(host, api)
    assert facts(server) == {
        "host name": "cp1.example.net",
        "addresses": [],
        "delay": False,
        "greylisting": None,
    }
    assert [one.fact for one in server.settings.missing] == ["addresses", "greylisting"]
    assert "does not fit the question" in server.settings.missing[0].reason
