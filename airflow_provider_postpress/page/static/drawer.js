// All about one account, beside the list: facts, its days, its gaps in words, statuses, windows with their runs.

import { Failure, getAccount } from "./api.js";
import { lead, runPath, taskPath } from "./airflow.js";
import { badge, typeName } from "./badges.js";
import { Calendar } from "./calendar.js";
import { h, icon, setText } from "./dom.js";
import { Fill } from "./fill.js";
import { shareWords } from "./list.js";
import { KINDS, NAMES, UNKNOWN, gaps, totals } from "./model.js";
import { paintStrip } from "./strip.js";
import { isWhole } from "./view.js";
import { ago, amount, dateTime, duration, number, plural, span as spanWords, spokenSpan, status as statusWords } from "./words.js";

const FIRST = 12; // windows and gaps shown before somebody asks for more
const MORE = 100;

export class Drawer {
  #element;
  #calls;
  #calendar;
  #fill;
  #body = h("div", { class: "drawer-body" });
  #head = h("header", { class: "drawer-head" });
  #sections = {};
  #shown = null; // what was shown last: {account, …}
  #details = null; // {id, answer} | {id, failure} | null while it loads
  #asking = null;
  #shownWindows = FIRST;
  #allGaps = false;
  #manyGaps = false;

  /** `calls`: {close(), choose(gap), started(job), signedOut()} */
  constructor(element, calls) {
    this.#element = element;
    this.#calls = calls;
    this.#fill = new Fill({ started: calls.started, signedOut: calls.signedOut });
    const section = (id, title) => {
      const heading = h("h3", { id: `drawer-${id}` }, title);
      const content = h("div", {});
      const element = h("section", { "aria-labelledby": `drawer-${id}` }, heading, content);
      this.#sections[id] = { element, heading, content };
      return element;
    };
    this.#sections.facts = { content: h("dl", { class: "facts" }) };
    this.#sections.told = { content: h("div", {}) };
    this.#calendar = new Calendar("drawer-days", (start) => this.#choose(start));
    this.#body.append(this.#sections.facts.content, this.#sections.told.content, section("days", "Days"), section("gaps", "Gaps"), this.#fill.element, section("products", "Products"), section("statuses", "Status"), section("windows", "Windows"));
    this.#sections.days.content.append(this.#calendar.element);
    this.#sections.gaps.content.addEventListener("keydown", (event) => this.#walk(event));
    element.append(this.#head, this.#body);
  }

  get isOpen() {
    return !this.#element.hidden;
  }

  /** Show an account: {account, span, view, zone, now, gap, product, job(gap)}; loads the rest by itself. */
  show(given) {
    const isOther = this.#shown?.account.id !== given.account.id;
    this.#shown = given;
    if (isOther) {
      [this.#shownWindows, this.#allGaps, this.#manyGaps] = [FIRST, false, false];
      this.#body.scrollTop = 0;
    }
    const hadFocus = this.#element.contains(document.activeElement);
    this.#element.hidden = false;
    this.#renderHead();
    this.#renderFacts();
    this.#renderGaps();
    this.#renderProducts();
    const { account, span, view, zone, gap } = given;
    setText(this.#sections.days.heading, `Days, ${spanWords(span.from, span.to, zone)} (${zone.name})`);
    this.#calendar.show({ seg: account.seg, span, view, zone, chosen: gap });
    this.#fill.show(gap ? { account, gap, zone, seg: account.seg, job: given.job(gap) } : null);
    if (isOther) this.load();
    else this.#renderDetails();
    // what was focused may be gone, with the gap that it was about
    const focused = document.activeElement;
    if (hadFocus && (!this.#element.contains(focused) || focused.closest("[hidden]"))) this.focus();
  }

  hide() {
    this.#element.hidden = true;
    this.#asking?.abort();
    this.#fill.show(null);
    [this.#shown, this.#details] = [null, null];
  }

  focus() {
    this.#head.querySelector("h2")?.focus({ preventScroll: true });
  }

  /** Load windows and statuses (again). What is shown stays until the answer is there. */
  async load() {
    const { account, span, product } = this.#shown;
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    if (this.#details?.id !== account.id) this.#details = null;
    this.#renderDetails();
    try {
      const answer = await getAccount(account.id, span, { product, signal: asking.signal });
      if (asking.signal.aborted) return;
      this.#details = { id: account.id, answer };
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      if (error.status === 401) {
        this.#calls.signedOut();
        return;
      }
      this.#details = { id: account.id, failure: error };
    }
    this.#renderDetails();
  }

  #choose(start) {
    const { account } = this.#shown;
    const found = gaps(account.seg).find((gap) => gap.start <= start && gap.end > start);
    if (found) this.#calls.choose(found);
  }

  #renderHead() {
    const { account, span, now } = this.#shown;
    if (!this.#head.firstChild) {
      this.#head.append(
        h("span", { class: "sign" }),
        h("div", { class: "titles" }, h("h2", { id: "drawer-name", tabindex: "-1" }), h("code", {}), h("p", { class: "standing" })),
        h("button", { type: "button", class: "square", "aria-label": "Close", onclick: () => this.#calls.close() }, icon("close")),
      );
    }
    this.#head.querySelector(".sign").replaceChildren(badge(account.type, "large"));
    setText(this.#head.querySelector("h2"), account.name || account.id);
    setText(this.#head.querySelector("code"), account.id);
    this.#head.querySelector("code").hidden = !account.name || account.name === account.id; // said already
    const away = account.connected === false;
    const since = account.off.at(-1);
    const words = away
      ? `Disconnected${since ? ` for ${since[0] <= span.from ? "more than " : ""}${amount(Math.max(now - since[0], 60))}` : ""}${account.status ? `: ${statusWords(account.status).toLowerCase()}` : ""}`
      : account.connected
        ? "Connected"
        : "Whether it is connected is not known";
    this.#head.querySelector(".standing").replaceChildren(h("span", { class: `light ${away ? "off" : account.connected ? "on" : "none"}`, "aria-hidden": "true" }), [typeName(account.type), words].filter(Boolean).join(" · "));
  }

  #renderFacts() {
    const { account, view, span, zone, now } = this.#shown;
    const all = totals(account.seg, view.from, view.to);
    const fact = (name, value, title) => h("div", { title }, h("dt", {}, name), h("dd", {}, value));
    this.#sections.facts.content.replaceChildren(
      fact("synced", shareWords(all), `${amount(all.synced)} of ${amount(all.due)} that were due`),
      fact(all.unknown && !all.lost ? "unknown" : all.gaps ? `in ${plural(all.gaps, "gap")}` : "lost", all.unknown && !all.lost ? amount(all.unknown) : amount(all.lost)),
      fact("last sync", account.last ? ago(now - account.last) : account.hidden > 0 ? "none that you can see" : "never", account.last ? dateTime(account.last, zone) : null),
    );
    const visibly = account.hidden > 0 ? "that you can see: " : "";
    const lines = [
      isWhole(view, span) ? null : `The figures above are of ${spanWords(view.from, view.to, zone)}.`,
      account.syncing.length ? `Syncing now: ${account.syncing.map(([start, end]) => spanWords(start, end, zone)).join("; ")}.` : null,
      account.since !== null
        ? `First synced ${visibly}${dateTime(account.since, zone)}${account.due !== null ? `, due until ${dateTime(account.due, zone)}` : ""}.`
        : `Nothing of it was synced yet${account.hidden > 0 ? " that you can see" : ""}.`,
    ];
    this.#sections.told.content.replaceChildren(
      ...(account.hidden > 0
        ? [
            h(
              "p",
              { class: "notice" },
              icon("hidden"),
              h(
                "span",
                {},
                h("strong", {}, "Some of it is hidden from you. "),
                `${plural(account.hidden, "event")} of this account came from DAGs that you may not see. Time without a sync that you can see is called unknown here, not missing.`,
              ),
            ),
          ]
        : []),
      ...lines.filter(Boolean).map((line) => h("p", { class: "aside" }, line)),
    );
  }

  #renderGaps() {
    const { account, view, span, zone, gap } = this.#shown;
    const { heading, content } = this.#sections.gaps;
    const whole = gaps(account.seg).reverse();
    const inView = whole.filter(({ start, end }) => end > view.from && start < view.to);
    const isChosenOutside = gap && !inView.some(({ start }) => start === gap.start);
    const all = this.#allGaps || isChosenOutside ? whole : inView;
    const chosenAt = gap ? all.findIndex(({ start }) => start === gap.start) : -1;
    const most = this.#manyGaps ? all.length : Math.max(FIRST, chosenAt + 1);
    setText(heading, `Gaps (${number(all.length)})`);
    const others = whole.length - all.length;
    const stop = all[chosenAt] ?? all[0];
    this.#keepFocus(content, "[data-gap]", "data-gap", [
      all.length
        ? h(
            "ul",
            { class: "gaps" },
            all.slice(0, most).map((one) => h("li", {}, this.#gapButton(one, one === stop))),
          )
        : h("p", { class: "aside" }, totalsWords(account, view, span)),
      all.length > most &&
        h("button", { type: "button", class: "more", onclick: () => this.#expand(() => (this.#manyGaps = true), most) }, `Show ${plural(all.length - most, "more gap")}`),
      others > 0 && h("button", { type: "button", class: "more", onclick: () => this.#expand(() => (this.#allGaps = true), 0) }, `${number(others)} more outside of the zoom`),
    ]);
  }

  #expand(change, focusOn) {
    change();
    this.#renderGaps();
    this.#sections.gaps.content.querySelectorAll("[data-gap]")[focusOn]?.focus();
  }

  #gapButton(one, isStop) {
    const { zone, gap, job } = this.#shown;
    const isChosen = gap !== null && gap.start === one.start && gap.end === one.end;
    const length = duration(one.start, one.end, zone);
    const isUnderWay = Boolean(job(one));
    return h(
      "button",
      {
        type: "button",
        class: "gap",
        tabindex: isStop ? "0" : "-1",
        "data-gap": `${one.start}-${one.end}`,
        "data-kind": KINDS[one.kind],
        "aria-pressed": String(isChosen),
        "aria-label": `${NAMES[one.kind]}, ${spokenSpan(one.start, one.end, zone)}, ${length}${isUnderWay ? ", a run is under way" : ""}`,
        onclick: () => this.#calls.choose(isChosen ? null : one),
      },
      h("span", { class: `dot ${KINDS[one.kind]}` }),
      h("span", { class: "when" }, spanWords(one.start, one.end, zone)),
      isUnderWay ? h("span", { class: "spinner" }) : null,
      h("span", { class: "long" }, `${NAMES[one.kind].toLowerCase()}, ${length}`),
    );
  }

  #renderProducts() {
    const { account, view } = this.#shown;
    const lines = Object.entries(account.products ?? {});
    const { element, content } = this.#sections.products;
    element.hidden = !lines.length;
    const canvases = lines.map(([product, { seg }]) => {
      const canvas = h("canvas", { class: "strip", "aria-hidden": "true" });
      const all = totals(seg, view.from, view.to);
      return { canvas, seg, line: h("li", {}, h("span", { class: "product" }, productName(product)), canvas, h("span", { class: "share" }, shareWords(all)), h("span", { class: "visually-hidden" }, all.gaps ? `, ${amount(all.lost)} lost in ${plural(all.gaps, "gap")}` : "")) };
    });
    content.replaceChildren(h("ul", { class: "products" }, canvases.map(({ line }) => line)));
    for (const { canvas, seg } of canvases) paintStrip(canvas, canvas.clientWidth, { seg, off: [], syncing: [] }, view);
  }

  #renderDetails() {
    if (!this.#shown) return;
    const { statuses, windows } = this.#sections;
    const { zone } = this.#shown;
    if (!this.#details) {
      for (const { content } of [statuses, windows]) content.replaceChildren(h("p", { class: "aside", role: "status" }, "Loading…"));
      return;
    }
    const { failure, answer } = this.#details;
    if (failure) {
      statuses.content.replaceChildren();
      windows.content.replaceChildren(
        h("p", { class: "aside" }, `They could not be read: ${failure.message}`),
        h("button", { type: "button", class: "button", onclick: () => this.load() }, "Try again"),
      );
      return;
    }
    statuses.content.replaceChildren(
      answer.statuses.length
        ? h(
            "ul",
            { class: "events" },
            answer.statuses.slice(0, FIRST).map(({ at, status }) => h("li", {}, h("span", { class: "at" }, dateTime(at, zone)), h("span", { class: "told" }, statusWords(status)))),
          )
        : h("p", { class: "aside" }, this.#shown.account.hidden > 0 ? "No change of its status that you can see." : "No change of its status was told to this Airflow."),
    );
    const shown = answer.windows.slice(0, this.#shownWindows);
    const rest = answer.windows.length - shown.length;
    setText(windows.heading, `Windows (${number(answer.windows.length)}${answer.truncated ? ", the newest" : ""})`);
    this.#keepFocus(windows.content, "a", "href", [
      shown.length ? h("ul", { class: "events" }, shown.map((window) => this.#window(window))) : h("p", { class: "aside" }, `No window of it ${this.#shown.account.hidden > 0 ? "that you can see " : ""}is known in this span.`),
      rest > 0 &&
        h(
          "button",
          {
            type: "button",
            class: "more",
            onclick: () => {
              this.#shownWindows += MORE;
              this.#renderDetails();
              windows.content.querySelectorAll("li")[shown.length]?.querySelector("a")?.focus();
            },
          },
          `Show ${number(Math.min(rest, MORE))} more`,
        ),
    ]);
  }

  #window({ start, end, state, product, at, dag_id: dagId, run_id: runId, task_id: taskId, map_index: mapIndex, exists }) {
    const { zone } = this.#shown;
    const words = start === null ? `everything until ${dateTime(end, zone)}` : spanWords(start, end, zone);
    const hasRun = Boolean(dagId && runId && exists);
    return h(
      "li",
      { title: `${dateTime(at, zone)}${dagId ? `, by ${dagId}` : ""}` },
      h("span", { class: `dot ${state === "syncing" ? "under-way" : state}` }),
      h("span", { class: "told" }, words, product ? h("em", {}, ` ${productName(product).toLowerCase()}`) : null),
      h("span", { class: "word" }, state),
      h(
        "span",
        { class: "links" },
        hasRun ? lead(h("a", { "aria-label": `Run of ${dagId}, ${words}` }, "run"), runPath(dagId, runId)) : h("span", { class: "gone", title: dagId ? "This run was deleted" : "Not told by a run" }, dagId ? "deleted" : "–"),
        hasRun && state === "failed" && taskId ? [" ", lead(h("a", { "aria-label": `Log of ${taskId}, ${words}` }, "log"), taskPath(dagId, runId, taskId, mapIndex ?? -1))] : null,
      ),
    );
  }

  // replaces children, and gives the focus back to the one that had it, if it is still there
  #keepFocus(content, selector, attribute, children) {
    const kept = content.contains(document.activeElement) ? document.activeElement.getAttribute(attribute) : null;
    content.replaceChildren(...children.filter(Boolean));
    if (kept === null) return;
    const same = [...content.querySelectorAll(selector)].find((element) => element.getAttribute(attribute) === kept);
    same?.focus({ preventScroll: true });
  }

  // the gaps are one stop of the Tab key
  #walk(event) {
    const all = [...this.#sections.gaps.content.querySelectorAll("[data-gap]")];
    const at = all.indexOf(event.target);
    const next = at < 0 ? undefined : { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
    if (next === undefined) return;
    event.preventDefault();
    all[next]?.focus();
  }
}

const PRODUCTS = new Map([
  ["classic", "Classic"],
  ["recruiter", "Recruiter"],
  ["sales_navigator", "Sales Navigator"],
]);

export const isProduct = (product) => PRODUCTS.has(product);
export const productName = (product) => PRODUCTS.get(product) ?? product;

function totalsWords(account, view, span) {
  const all = totals(account.seg, view.from, view.to);
  if (all.sec[UNKNOWN]) return "None that you can see.";
  if (!all.due) return account.hidden > 0 ? "Nothing that you can see was due." : "Nothing was due.";
  return isWhole(view, span) ? "None: all that was due is synced." : "None in the zoom: all that was due is synced.";
}
