// The totals of the view, on cards.

import { h } from "./dom.js";
import { DISCONNECTED, FAILED, KINDS, MISSING, NAMES, SYNCED, UNKNOWN } from "./model.js";
import { shareWords } from "./list.js";
import { amount, amountParts, number, plural, some } from "./words.js";

const BAR = [SYNCED, MISSING, FAILED, DISCONNECTED, UNKNOWN];

/** Fill the box with cards of all accounts' totals; `away` are the names of the accounts that are disconnected now. */
export function showKpis(box, total, away) {
  box.replaceChildren(
    card("Synced, of what is due", [shareWords(total)], total.due ? `of ${amount(total.due)}, all accounts together` : "Nothing is due in this span", {
      extra: total.due ? bar(total) : null,
      wide: true,
    }),
    ...[MISSING, FAILED, DISCONNECTED].map((kind) => lost(kind, total, (n, accounts) => `${plural(n, "gap")} in ${plural(accounts, "account")}`)),
    card("Disconnected now", [number(away.length), away.length === 1 ? "account" : "accounts"], away.length ? some(away, 2) : "All that is known is connected"),
    ...(total.unknown ? [lost(UNKNOWN, total, (n, accounts) => `hidden from you, in ${plural(accounts, "account")}`)] : []),
  );
}

function card(name, [value, unit = ""], line, { kind = null, extra = null, wide = false } = {}) {
  return h(
    "div",
    { class: wide ? "kpi wide" : "kpi" },
    h("dt", {}, kind === null ? null : h("span", { class: `dot ${KINDS[kind]}` }), name),
    h("dd", { class: "value" }, value, unit ? h("small", {}, ` ${unit}`) : null),
    h("dd", { class: "line", title: line }, line),
    extra,
  );
}

function lost(kind, total, words) {
  const seconds = total.sec[kind];
  return card(NAMES[kind], amountParts(seconds), seconds ? words(total.n[kind], total.accounts[kind]) : "none in this span", { kind });
}

function bar(total) {
  return h(
    "dd",
    { class: "bar", "aria-hidden": "true" },
    BAR.filter((kind) => total.sec[kind] > 0).map((kind) => h("span", { class: `part ${KINDS[kind]}`, style: { "flex-grow": String(total.sec[kind]) } })),
  );
}
