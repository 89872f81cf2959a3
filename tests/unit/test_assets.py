"""The URIs of Postpress's assets."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from airflow.sdk import Asset

from airflow_provider_postpress.assets import (
    account_asset,
    account_status_asset,
    chat_asset,
    id_of,
    sanitize_uri,
    to_openlineage,
)

ODD_IDS = ["acc_1", "a/b", "ü ñ", "50%", "a?b#c", "A:B@C", "status", "..a"]


@pytest.mark.parametrize("written", ODD_IDS)
def test_an_id_of_any_kind_is_one_segment_and_is_given_back(written: str):
    for asset in (account_asset(written), account_status_asset(written), chat_asset(written)):
        assert id_of(asset.uri) == written
        assert Asset(asset.uri).uri == asset.uri


def test_each_helper_has_its_form():
    assert account_asset("acc 1").uri == "postpress://accounts/acc%201"
    assert account_status_asset("acc 1").uri == "postpress://accounts/acc%201/status"
    assert chat_asset("acc 1").uri == "postpress://chats/acc%201"


@pytest.mark.parametrize(
    ("written", "uri"),
    [
        ("POSTPRESS://accounts/a", "postpress://accounts/a"),
        ("postpress://accounts/a/", "postpress://accounts/a"),
        ("postpress://accounts/a/status/", "postpress://accounts/a/status"),
        ("postpress://accounts/%61%2f", "postpress://accounts/a%2F"),
        ("postpress://chats/ü", "postpress://chats/%C3%BC"),
    ],
)
def test_a_uri_has_one_form(written: str, uri: str):
    assert Asset(written).uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "postpress://accounts",
        "postpress://accounts/",
        "postpress://accounts//status",
        "postpress://accounts/a/b",
        "postpress://accounts/a/status/b",
        "postpress://accounts/..",
        "postpress://accounts/%2e",
        "postpress://accounts/%20",
        "postpress://accounts/%ff",
        "postpress://accounts/%zz",
        "postpress://accounts/%00",
        "postpress://accounts/a%0ab",
        "postpress://chats/a/status",
        "postpress://messages/a",
        "postpress:///accounts/a",
        "postpress://accounts:80/a",
        "postpress://user@accounts/a",
        "postpress://accounts/a?product=classic",
    ],
)
def test_a_malformed_uri_is_refused_with_the_forms_that_there_are(uri: str):
    with pytest.raises(ValueError, match=r"is not an id|postpress://accounts/ID/status"):
        Asset(uri)


@pytest.mark.parametrize("written", ["", " ", ".", "..", None, 5])
def test_an_id_that_no_uri_can_hold_is_refused(written):
    for helper in (account_asset, account_status_asset, chat_asset):
        with pytest.raises(ValueError, match="is not an id"):
            helper(written)


def test_a_fragment_is_refused_where_airflow_has_not_dropped_it():
    with pytest.raises(ValueError, match="no asset of Postpress's"):
        sanitize_uri(urlsplit("postpress://accounts/a#b"))


def test_lineage_names_an_account_by_its_id():
    dataset = to_openlineage(account_status_asset("a/b"), None)
    assert (dataset.namespace, dataset.name) == ("postpress://accounts", "a%2Fb/status")
