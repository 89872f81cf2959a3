// What the API's answer says of a view of it: totals, gaps, days, order. Pure.
// An account's `seg` is [t0, kind0, t1, kind1, …, tn]: a run-length partition of the span, in epoch seconds.

export const BEFORE = 0;
export const SYNCED = 1;
export const MISSING = 2;
export const FAILED = 3;
export const DISCONNECTED = 4;
export const PENDING = 5;
export const UNKNOWN = 6;

/** What the kinds are called, in code and on the page. */
export const KINDS = ["before", "synced", "missing", "failed", "disconnected", "pending", "unknown"];
export const NAMES = ["Before the first sync", "Synced", "Missing", "Failed", "Disconnected", "Not due yet", "Unknown"];

const GAPS = new Set([MISSING, FAILED, DISCONNECTED]);
export const isGap = (kind) => GAPS.has(kind);

/** The runs [start, end, kind] of a partition, clipped to [from, to). */
export function* runs(seg, from = -Infinity, to = Infinity) {
  for (let i = 0; i + 2 < seg.length; i += 2) {
    if (seg[i + 2] <= from) continue;
    if (seg[i] >= to) return;
    yield [Math.max(seg[i], from), Math.min(seg[i + 2], to), seg[i + 1]];
  }
}

/** The run that holds an instant, whole: {start, end, kind}, or null. */
export function runAt(seg, at) {
  for (let i = 0; i + 2 < seg.length; i += 2) {
    if (at >= seg[i] && at < seg[i + 2]) return { start: seg[i], end: seg[i + 2], kind: seg[i + 1] };
  }
  return null;
}

/** Seconds and number of runs of each kind within [from, to). */
export function totals(seg, from, to) {
  const sec = [0, 0, 0, 0, 0, 0, 0];
  const n = [0, 0, 0, 0, 0, 0, 0];
  for (const [start, end, kind] of runs(seg, from, to)) {
    sec[kind] += end - start;
    n[kind] += 1;
  }
  return summary(sec, n);
}

function summary(sec, n) {
  const lost = sec[MISSING] + sec[FAILED] + sec[DISCONNECTED];
  return {
    sec,
    n,
    lost,
    gaps: n[MISSING] + n[FAILED] + n[DISCONNECTED],
    synced: sec[SYNCED],
    // what is hidden was due too: leaving it out would call the rest the whole
    due: sec[SYNCED] + lost + sec[UNKNOWN],
    unknown: sec[UNKNOWN],
  };
}

/** The totals of all accounts together, and how many accounts have some of each kind. */
export function together(each) {
  const sec = [0, 0, 0, 0, 0, 0, 0];
  const n = [0, 0, 0, 0, 0, 0, 0];
  const accounts = [0, 0, 0, 0, 0, 0, 0];
  for (const one of each) {
    for (let kind = 0; kind < 7; kind++) {
      sec[kind] += one.sec[kind];
      n[kind] += one.n[kind];
      if (one.sec[kind] > 0) accounts[kind] += 1;
    }
  }
  return { ...summary(sec, n), accounts };
}

/** The gaps {start, end, kind} that touch [from, to), whole, oldest first; with what is unknown if wanted. */
export function gaps(seg, from = -Infinity, to = Infinity, withUnknown = false) {
  const found = [];
  for (let i = 0; i + 2 < seg.length; i += 2) {
    const [start, kind, end] = [seg[i], seg[i + 1], seg[i + 2]];
    if (end > from && start < to && (isGap(kind) || (withUnknown && kind === UNKNOWN))) found.push({ start, end, kind });
  }
  return found;
}

/** The whole unsynced stretch that a gap is part of: {start, end}. */
export function stretch(seg, gap) {
  let [start, end] = [gap.start, gap.end];
  for (let i = seg.length - 3; i >= 0; i -= 2) if (seg[i + 2] === start && isGap(seg[i + 1])) start = seg[i];
  for (let i = 0; i + 2 < seg.length; i += 2) if (seg[i] === end && isGap(seg[i + 1])) end = seg[i + 2];
  return { start, end };
}

/** How much of [from, to) is not synced, in seconds. */
export function unsynced(seg, from, to) {
  let synced = 0;
  for (const [start, end, kind] of runs(seg, from, to)) if (kind === SYNCED) synced += end - start;
  return to - from - synced;
}

/**
 * For each day the number of accounts that lost some of it, by what they lost most of it to.
 *
 * `days` are the beginnings of the days and the end of the last; each account counts once a day.
 */
export function perDay(accounts, days) {
  const count = days.length - 1;
  const counts = Array.from({ length: count }, () => [0, 0, 0, 0, 0, 0, 0]);
  for (const { seg } of accounts) {
    let day = 0;
    let lost = null; // of the day before `day` moves on
    const close = () => {
      if (lost) counts[day][lost.indexOf(Math.max(...lost))] += 1;
      lost = null;
    };
    for (const [start, end, kind] of runs(seg, days[0], days[count])) {
      if (!isGap(kind)) continue;
      if (days[day + 1] <= start) {
        close();
        while (days[day + 1] <= start) day += 1;
      }
      for (let at = start; at < end; ) {
        const until = Math.min(end, days[day + 1]);
        lost ??= [0, 0, 0, 0, 0, 0, 0];
        lost[kind] += until - at;
        at = until;
        if (at < end) {
          close();
          day += 1;
        }
      }
    }
    close();
  }
  return counts.map((by) => ({ by, all: by.reduce((a, b) => a + b, 0) }));
}

/** What the list can be narrowed to: the totals of one account in view -> whether it is shown. */
export const FILTERS = [
  { key: "all", name: "All", keeps: () => true },
  { key: "missing", name: "Missing", keeps: (t) => t.sec[MISSING] > 0 },
  { key: "failed", name: "Failed", keeps: (t) => t.sec[FAILED] > 0 },
  { key: "disconnected", name: "Disconnected", keeps: (t, account) => t.sec[DISCONNECTED] > 0 || account.connected === false },
  { key: "unknown", name: "Unknown", keeps: (t, account) => t.unknown > 0 || account.hidden > 0, onlyWhenSome: true },
  { key: "complete", name: "Complete", keeps: (t) => t.synced > 0 && t.gaps === 0 && t.unknown === 0 },
];

const byName = new Intl.Collator("en", { numeric: true, sensitivity: "base" }).compare;
const compareNames = (a, b) => byName(a.account.name || a.account.id, b.account.name || b.account.id) || byName(a.account.id, b.account.id);

/** How the list can be ordered: {account, totals} of two accounts -> which is first. */
export const SORTS = [
  {
    key: "missing",
    name: "Most missing",
    compare: (a, b) => b.totals.lost - a.totals.lost || b.totals.unknown - a.totals.unknown || compareNames(a, b),
  },
  { key: "name", name: "Name", compare: compareNames },
  {
    key: "oldest",
    name: "Oldest sync",
    compare: (a, b) => (a.account.last ?? -1) - (b.account.last ?? -1) || compareNames(a, b),
  },
];

/** Whether an account's name or id holds what is looked for. */
export function matches(account, wanted) {
  const text = wanted.trim().toLocaleLowerCase("en");
  return !text || `${account.name}\n${account.id}`.toLocaleLowerCase("en").includes(text);
}
