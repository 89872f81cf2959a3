"""All that somebody may know of each account: put together from events, checkpoints and tasks, within their rights."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import lru_cache, reduce
from typing import TYPE_CHECKING, Any

from airflow_provider_postpress.coverage.history import History
from airflow_provider_postpress.page.attempts import TaskSync, lost_before, read_attempts
from airflow_provider_postpress.page.checkpoints import read_checkpoints
from airflow_provider_postpress.page.known import Known, KnownByDag, memory_of
from airflow_provider_postpress.page.settings import MOST_KEPT

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from airflow_provider_postpress.coverage.evidence import Evidence
    from airflow_provider_postpress.page.events import AccountAsset
    from airflow_provider_postpress.page.rights import Rights

_LONGEST_NAME = 200


@dataclass(slots=True)
class Account:
    """
    What is known of an account.

    :param account_id: Postpress's id
    :param name: what it is called; its id if nobody says
    :param account_type: its type, as an asset says it; empty if none does
    :param assets: the ids of the assets of its messages
    :param told: what its assets' events tell
    :param kept: what was kept of its coverage beside them
    :param syncs: those that have failed or are under way
    :param dag_ids: the DAGs that have synced it, or tried to, with the epoch milliseconds of their last success
    :param scheduled_by: those of them that have synced, or tried to, the windows of their own schedules
    :param hidden: how much is known that may not be told
    """

    account_id: str
    name: str
    account_type: str = ""
    assets: list[int] = field(default_factory=list)
    told: list[Known] = field(default_factory=list)
    kept: list[History] = field(default_factory=list)
    syncs: list[TaskSync] = field(default_factory=list)
    dag_ids: dict[str, int] = field(default_factory=dict)
    scheduled_by: set[str] = field(default_factory=set)
    hidden: int = 0

    @property
    def known(self) -> Known:
        """All of it together; the same object as long as nothing is new."""
        failed = tuple(evidence for sync in self.syncs if (evidence := sync.evidence))
        return _joined(tuple(self.told), tuple(self.kept), failed)


def read_accounts(session: Session, rights: Rights, only: Collection[str] | None = None) -> dict[str, Account]:
    """
    Read what is known of the accounts, by their ids, in the ids' order.

    :param session: of Airflow's database
    :param rights: what may be known
    :param only: the ids of the accounts that are asked for; ``None``: all
    """
    attempts = read_attempts(session)
    lost = lost_before(attempts)
    assets, known = memory_of(session).update(session, lost)
    checkpoints = read_checkpoints(session)
    accounts: dict[str, Account] = {}
    for asset in assets:
        if only is not None and asset.account_id not in only:
            continue
        account = accounts.setdefault(asset.account_id, Account(asset.account_id, asset.account_id))
        by_dag = known.get(asset.asset_id, {})
        _add_asset(account, asset, by_dag, rights)
        kept = checkpoints.get(asset.asset_id, {})
        if asset.account_id in lost:
            # Postpress was told to begin anew, and a checkpoint does not say since when it knows what it tells
            kept = {dag_id: history.doubted() for dag_id, history in kept.items()}
        _add_checkpoints(account, kept, by_dag, rights)
    for sync in attempts:
        account_id = sync.attempt.account_id
        if only is None or account_id in only:
            _add_sync(accounts, sync, rights)
    return dict(sorted(accounts.items()))


def _add_asset(account: Account, asset: AccountAsset, by_dag: KnownByDag, rights: Rights) -> None:
    for dag_id, told in by_dag.items():
        if not rights.may_read(dag_id):
            account.hidden += told.events
            continue
        account.told.append(told)
        if dag_id is not None and not asset.is_status:
            _add_dag(account, dag_id, told.history.newest or 0, is_scheduled=bool(told.history.ends))
    account.account_type = _text(asset.extra, "type") or account.account_type
    if not asset.is_status:
        account.assets.append(asset.asset_id)
        named = asset.name[:_LONGEST_NAME] if asset.name != asset.uri else ""
        account.name = _text(asset.extra, "name") or named or account.name


def _add_checkpoints(account: Account, checkpoints: Mapping[str, History], by_dag: KnownByDag, rights: Rights) -> None:
    for dag_id, kept in checkpoints.items():
        if rights.may_read(dag_id):
            account.kept.append(kept)
            _add_dag(account, dag_id, 0, is_scheduled=False)
        elif dag_id not in by_dag:
            account.hidden += 1


def _add_sync(accounts: dict[str, Account], sync: TaskSync, rights: Rights) -> None:
    account_id = sync.attempt.account_id
    if not rights.may_read(sync.dag_id):
        if account_id in accounts:
            accounts[account_id].hidden += 1
        return
    account = accounts.setdefault(account_id, Account(account_id, account_id))
    account.syncs.append(sync)
    _add_dag(account, sync.dag_id, 0, is_scheduled=sync.is_regular)


def _add_dag(account: Account, dag_id: str, newest: int, *, is_scheduled: bool) -> None:
    account.dag_ids[dag_id] = max(account.dag_ids.get(dag_id, 0), newest)
    if is_scheduled:
        account.scheduled_by.add(dag_id)


def _text(extra: Mapping[str, Any], name: str) -> str:
    value = extra.get(name)
    return value[:_LONGEST_NAME] if isinstance(value, str) else ""


@lru_cache(maxsize=MOST_KEPT)
def _joined(told: tuple[Known, ...], kept: tuple[History, ...], failed: tuple[Evidence, ...]) -> Known:
    known = reduce(Known.joined, told, Known())
    history = reduce(History.joined, kept, known.history)
    return replace(known, history=history.joined(History().note(failed)))
