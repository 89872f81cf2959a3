"""What a soak came to, from the emulator's truth and Airflow's database."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from airflow_provider_postpress.emulator import EmulatorControl
from soak.cluster import Task
from soak.scenario import DAY, Scenario, Subject


@dataclass
class Verdict:
    """
    The counts.

    :param windows: windows to sync
    :param green: tasks that succeeded
    :param messages: messages at the provider within the windows
    :param missing: those of them that Postpress has not
    :param false_successes: green tasks without a sync of their own that was done before they were, each in words
    :param stray: syncs of ours that sent other parameters than those of a window, each in words
    :param stuck: tasks that did not end, each in words
    :param duplicates: syncs that were done once more than needed
    :param requests: requests that the emulator had
    :param tries: tries that were spent on more than one for each window
    :param faults: what went wrong with requests
    """

    windows: int
    green: int = 0
    messages: int = 0
    missing: int = 0
    false_successes: list[str] = field(default_factory=list)
    stray: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    duplicates: int = 0
    requests: int = 0
    tries: int = 0
    faults: Counter[str] = field(default_factory=Counter)

    @property
    def is_kept(self) -> bool:
        """Whether every promise is."""
        broken = self.missing or self.false_successes or self.stray or self.stuck
        return not broken and self.green == self.windows

    def rows(self) -> Mapping[str, str]:
        """Give what is told, and its figure."""
        faults = ", ".join(f"{number} {kind}" for kind, number in self.faults.most_common())
        return {
            "windows green": f"**{self.green}** of {self.windows}",
            "messages missing": f"**{self.missing}** of {self.messages:,}",
            "false successes": f"**{len(self.false_successes)}**",
            "stray full syncs": f"**{len(self.stray)}**",
            "tasks stuck": f"**{len(self.stuck)}**",
            "duplicate syncs": str(self.duplicates),
            "tries beyond the first": str(self.tries),
            "requests, and what went wrong with them": f"{self.requests:,}: {faults}",
        }


def judge(scenario: Scenario, tasks: Sequence[Task], postpress: EmulatorControl) -> Verdict:
    """
    Compare what is green with what is in Postpress.

    :param scenario: what was to be synced
    :param tasks: the task instances at the end
    :param postpress: the emulator
    """
    verdict = Verdict(windows=len(scenario.subjects) * len(scenario.days))
    verdict.green = sum(task.state == "success" for task in tasks)
    verdict.stuck = [f"{_name(task)}: {task.state}" for task in tasks if not task.is_over]
    verdict.tries = sum(max(task.try_number - 1, 0) for task in tasks)
    for subject in scenario.subjects:
        counts = postpress.count_messages(start=scenario.span[0], end=scenario.span[1], **subject.address)
        verdict.messages += counts["at_provider"]
        verdict.missing += counts["missing"]
        of_subject = sorted(
            (task for task in tasks if task.task_id == subject.id and task.ended), key=lambda task: str(task.ended)
        )
        (_judge_chat if subject.is_chat else _judge_account)(verdict, subject, scenario.days, of_subject, postpress)
        requests = postpress.requests(**subject.address)
        verdict.requests += len(requests)
        verdict.faults += Counter(request["fault"] for request in requests if request["fault"])
    return verdict


def _judge_account(
    verdict: Verdict, subject: Subject, days: Sequence[datetime], tasks: Sequence[Task], postpress: EmulatorControl
) -> None:
    """Each window has parameters of its own, which tell whose sync it was."""
    starts = [start for start in postpress.starts(**subject.address) if start["by"] == "client"]
    wanted = [subject.parameters(day) for day in days]
    verdict.stray += [f"{subject.id}: {start['parameters']}" for start in starts if start["parameters"] not in wanted]
    done = [(start["parameters"], start["ended"]) for start in starts if start["status"] == "SYNC_DONE"]
    verdict.duplicates += sum(max(sum(sent == one for sent, _ in done) - 1, 0) for one in wanted)
    for task in tasks:
        if task.state != "success":
            continue
        of_window = [ended for sent, ended in done if sent == subject.parameters(task.day)]
        lost = postpress.missing(start=task.day, end=task.day + DAY, **subject.address)
        if lost or not any(ended is not None and ended <= _milliseconds(task) for ended in of_window):
            verdict.false_successes.append(f"{_name(task)}: {len(lost)} messages missing, its syncs ended {of_window}")


def _judge_chat(
    verdict: Verdict, subject: Subject, _: Sequence[datetime], tasks: Sequence[Task], postpress: EmulatorControl
) -> None:
    """All syncs of a chat are alike: when the nth task is green, n of them must have been done."""
    starts = postpress.starts(**subject.address)
    done = [start["ended"] for start in starts if start["by"] == "client" and start["status"] == "SYNC_DONE"]
    green = [task for task in tasks if task.state == "success"]
    verdict.duplicates += max(len(done) - len(green), 0)
    for number, task in enumerate(green, 1):
        by_then = sum(ended is not None and ended <= _milliseconds(task) for ended in done)
        if by_then < number:
            verdict.false_successes.append(f"{_name(task)}: green as number {number}, when {by_then} syncs were done")


def _milliseconds(task: Task) -> float:
    return task.ended.timestamp() * 1000 if task.ended else 0


def _name(task: Task) -> str:
    return f"{task.task_id} {task.day:%Y-%m-%d}, try {task.try_number}"
