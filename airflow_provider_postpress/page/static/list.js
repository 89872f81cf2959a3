// The accounts: a row each, with a strip over the view. One stop of the Tab key; arrows move from row to row, and within a
// row from gap to gap. Only rows that can be seen are painted.

import { badge, typeName } from "./badges.js";
import { h, icon, setAttribute, setText } from "./dom.js";
import { BEFORE, NAMES, PENDING, UNKNOWN, gaps, isGap } from "./model.js";
import { say } from "./speech.js";
import { hit, paintStrip } from "./strip.js";
import { divisions, ticks } from "./ticks.js";
import { hideTip, showTip } from "./tooltip.js";
import { amount, clock, duration, percent, plural, shortAmount, span as spanWords, spokenSpan, weekdayDate } from "./words.js";

const MANY = 60; // rows, from which on those that cannot be seen are not laid out either
const AHEAD = "300px"; // how far outside of what is seen rows are painted already

export class List {
  #box;
  #axis;
  #cross = h("div", { class: "cross", hidden: true });
  #moment = h("span", { class: "moment", hidden: true });
  #open;
  #rows = new Map(); // account id -> row
  #order = []; // ids, as shown
  #seen = new Set();
  #observer;
  #active = null; // the id of the row that Tab reaches
  #cursor = null; // {id, gap}: where the arrows have gone
  #width = 0; // of the axis, and of each strip
  #divided = null; // where the strips of a scene are divided
  #scene = null; // {view, zone, now, chosen, asked}

  /** `box`: the list; `axis`: the box of its time axis; `open(id, gap)`: what to do when a row, or a gap in it, is chosen. */
  constructor(box, axis, open) {
    this.#box = box;
    this.#axis = axis;
    this.#open = open;
    axis.append(this.#moment);
    box.parentElement.append(this.#cross);
    this.#observer = new IntersectionObserver((entries) => this.#appear(entries), { rootMargin: AHEAD });
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.#unpoint(); // what was pointed at is elsewhere now
      this.draw();
    }).observe(axis);
    box.addEventListener("click", (event) => this.#click(event));
    box.addEventListener("keydown", (event) => this.#key(event));
    box.addEventListener("focusin", (event) => this.#focus(event));
    box.addEventListener("focusout", () => this.#dropCursor());
    box.addEventListener("pointermove", (event) => this.#point(event));
    box.addEventListener("pointerleave", () => this.#unpoint());
    addEventListener("scroll", () => this.#unpoint(), { passive: true });
  }

  /**
   * Show accounts, in this order.
   *
   * `items`: [{account, totals}]; `scene`: {view, zone, now, openId, chosen, asked(id)}.
   */
  update(items, scene) {
    this.#scene = scene;
    const shown = items.map(({ account, totals }) => {
      const row = this.#rows.get(account.id) ?? this.#make(account.id);
      this.#fill(row, account, totals);
      return row;
    });
    this.#order = items.map(({ account }) => account.id);
    this.#box.classList.toggle("many", items.length > MANY);
    if (!this.#order.includes(this.#active)) this.#active = this.#order[0] ?? null;
    this.#arrange(shown.map(({ element }) => element));
    for (const id of this.#order) setAttribute(this.#rows.get(id).element, "tabindex", id === this.#active ? "0" : "-1");
    this.draw();
  }

  /** Forget rows of accounts that are there no more. */
  keepOnly(ids) {
    for (const [id, { element }] of this.#rows) {
      if (ids.has(id)) continue;
      this.#observer.unobserve(element);
      this.#seen.delete(id);
      element.remove();
      this.#rows.delete(id);
    }
  }

  focusRow(id) {
    const row = this.#rows.get(id);
    if (row?.element.isConnected) row.element.focus();
    else this.#rows.get(this.#active)?.element.focus();
  }

  reveal(id) {
    this.#rows.get(id)?.element.scrollIntoView({ block: "nearest" });
  }

  #make(id) {
    const name = h("span", { class: "name" });
    const tags = h("span", { class: "tags" });
    const who = h("span", { class: "who" }, h("span", { class: "sign" }), name, tags);
    const canvas = h("canvas", { class: "strip" });
    const lost = h("span", { class: "lost" });
    const share = h("span", { class: "share" });
    const element = h(
      "div",
      { class: "row", role: "option", "data-account": id, tabindex: "-1", "aria-selected": "false" },
      who,
      canvas,
      h("span", { class: "figures" }, lost, share),
    );
    const row = { element, name, tags, sign: who.firstChild, canvas, lost, share, account: null, totals: null, tagged: "" };
    this.#rows.set(id, row);
    this.#observer.observe(element);
    return row;
  }

  #fill(row, account, totals) {
    const { openId } = this.#scene;
    if (row.account?.type !== account.type) row.sign.replaceChildren(badge(account.type));
    [row.account, row.totals] = [account, totals];
    setText(row.name, account.name || account.id);
    setAttribute(row.name, "title", account.name || account.id);
    const tagged = `${account.connected === false} ${account.hidden > 0}`;
    if (row.tagged !== tagged) {
      row.tags.replaceChildren(
        ...[
          account.connected === false && h("span", { class: "tag off", title: "Disconnected now" }, icon("plug"), "off"),
          account.hidden > 0 && h("span", { class: "tag hidden-some", title: "Some of it is hidden from you" }, icon("hidden"), "partly hidden"),
        ].filter(Boolean),
      );
      row.tagged = tagged;
    }
    setText(row.lost, totals.lost ? shortAmount(totals.lost) : "");
    setText(row.share, shareWords(totals));
    setAttribute(row.element, "aria-label", this.#label(account, totals));
    setAttribute(row.element, "aria-selected", String(account.id === openId));
  }

  #label(account, totals) {
    return [
      account.name || account.id,
      typeName(account.type),
      totals.due ? `${totals.unknown ? "at least " : ""}${percent(totals.synced, totals.due)} synced` : "nothing due",
      totals.gaps ? `${amount(totals.lost)} lost in ${plural(totals.gaps, "gap")}` : totals.due && !totals.unknown ? "no gaps" : "",
      totals.unknown ? `${amount(totals.unknown)} unknown: some of it is hidden from you` : "",
      account.connected === false ? "disconnected now" : "",
      account.syncing.length ? "syncing now" : "",
    ]
      .filter(Boolean)
      .join(", ");
  }

  #arrange(wanted) {
    const present = [...this.#box.children];
    if (present.length === wanted.length && present.every((element, n) => element === wanted[n])) return;
    const focused = this.#box.contains(document.activeElement) ? document.activeElement : null;
    const cursor = this.#cursor; // moving an element takes its focus away, and with it the cursor
    this.#box.replaceChildren(...wanted);
    if (focused?.isConnected) {
      focused.focus({ preventScroll: true });
      this.#cursor = cursor;
    }
  }

  #appear(entries) {
    for (const { target, isIntersecting } of entries) {
      const id = target.dataset.account;
      const row = this.#rows.get(id);
      if (!row) continue;
      if (isIntersecting) {
        this.#seen.add(id);
        this.#paint(row);
      } else {
        this.#seen.delete(id);
        row.canvas.width = 0; // a canvas that nobody sees need not keep its pixels
      }
    }
  }

  /** Paint what is seen: the axis and the rows. */
  draw() {
    if (!this.#scene) return;
    performance.mark("postpress:draw-begins");
    this.#drawAxis();
    for (const id of this.#seen) {
      const row = this.#rows.get(id);
      if (row?.element.isConnected) this.#paint(row);
    }
    performance.measure("postpress:draw", "postpress:draw-begins");
  }

  #drawAxis() {
    const { view, zone } = this.#scene;
    const width = this.#width;
    this.#axis.replaceChildren(
      ...ticks(zone, view.from, view.to, width).map(({ at, label }) => {
        const tick = h("span", { class: "tick" }, label);
        const x = ((at - view.from) / (view.to - view.from)) * width;
        tick.style.left = `${x}px`;
        if (x > width - 34) tick.classList.add("last");
        return tick;
      }),
      this.#moment,
    );
  }

  #paint(row) {
    const { view, zone, now, chosen, openId, asked } = this.#scene;
    const id = row.account.id;
    if (this.#divided?.scene !== this.#scene || this.#divided.width !== this.#width) {
      this.#divided = { scene: this.#scene, width: this.#width, marks: divisions(zone, view.from, view.to, this.#width) };
    }
    paintStrip(row.canvas, this.#width, row.account, view, {
      marks: this.#divided.marks,
      now,
      chosen: id === openId ? chosen : null,
      cursor: this.#cursor?.id === id ? this.#cursor.gap : null,
      asked: asked(id),
    });
  }

  #repaint(id) {
    const row = this.#rows.get(id);
    if (row && this.#seen.has(id)) this.#paint(row);
  }

  #rowOf(event) {
    const element = event.target.closest?.(".row");
    return element ? this.#rows.get(element.dataset.account) : null;
  }

  #click(event) {
    const row = this.#rowOf(event);
    if (!row) return;
    const run = event.target === row.canvas ? this.#under(row, event) : null;
    this.#unpoint(); // the list narrows as the drawer opens
    this.#open(row.account.id, run && isGap(run.kind) ? run : null);
  }

  #under(row, event) {
    const { left, width } = row.canvas.getBoundingClientRect();
    const x = event.clientX - left;
    return x < 0 || x > width ? null : hit(row.account.seg, this.#scene.view, x, width);
  }

  #focus(event) {
    const row = this.#rowOf(event);
    if (!row) return;
    const before = this.#rows.get(this.#active);
    if (before) setAttribute(before.element, "tabindex", "-1");
    this.#active = row.account.id;
    setAttribute(row.element, "tabindex", "0");
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const row = this.#rowOf(event);
    if (!row) return;
    const at = this.#order.indexOf(row.account.id);
    const rowAt = { ArrowDown: at + 1, ArrowUp: at - 1, PageDown: at + 10, PageUp: at - 10, Home: 0, End: Infinity }[event.key];
    if (rowAt !== undefined) {
      const next = Math.min(Math.max(rowAt, 0), this.#order.length - 1);
      const { element } = this.#rows.get(this.#order[next]);
      element.focus();
      element.scrollIntoView({ block: "nearest" });
    } else if (event.key === "ArrowRight" || event.key === "ArrowLeft") {
      this.#walk(row, event.key === "ArrowRight" ? 1 : -1);
    } else if (event.key === "Enter" || event.key === " ") {
      const gap = this.#cursor?.id === row.account.id ? this.#cursor.gap : null;
      this.#open(row.account.id, gap && isGap(gap.kind) ? gap : null);
    } else if (event.key === "Escape" && this.#cursor) {
      this.#dropCursor();
    } else if (event.key.length === 1 && event.key !== "/") {
      this.#typed(event.key, at);
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }

  // to the next account that begins with a letter
  #typed(letter, at) {
    const wanted = letter.toLocaleLowerCase("en");
    const order = [...this.#order.slice(at + 1), ...this.#order.slice(0, at + 1)];
    const found = order.find((id) => (this.#rows.get(id).account.name || id).toLocaleLowerCase("en").startsWith(wanted));
    if (found) this.#rows.get(found).element.focus();
  }

  // to the next gap of a row, which is said aloud
  #walk(row, direction) {
    const { view, zone } = this.#scene;
    const all = gaps(row.account.seg, view.from, view.to, true);
    if (!all.length) {
      say("No gaps in this span.");
      return;
    }
    const at = this.#cursor?.id === row.account.id ? all.findIndex(({ start }) => start === this.#cursor.gap.start) : -1;
    const next = at < 0 ? (direction > 0 ? 0 : all.length - 1) : Math.min(Math.max(at + direction, 0), all.length - 1);
    const gap = all[next];
    this.#cursor = { id: row.account.id, gap };
    this.#repaint(row.account.id);
    const where = `${next + 1} of ${all.length}`;
    say(`${NAMES[gap.kind]}, ${spokenSpan(gap.start, gap.end, zone)}, ${duration(gap.start, gap.end, zone)}. ${where}.`);
    const box = row.canvas.getBoundingClientRect();
    const lines = [spanWords(gap.start, gap.end, zone), duration(gap.start, gap.end, zone), isGap(gap.kind) ? "Enter: fill it" : "Hidden from you"];
    this.#tell({ ...this.#edges(gap, box), top: box.top, bottom: box.bottom }, { kind: gap.kind, lines });
  }

  #dropCursor() {
    if (!this.#cursor) return;
    const { id } = this.#cursor;
    this.#cursor = null;
    hideTip();
    this.#repaint(id);
  }

  #point(event) {
    const row = this.#rowOf(event);
    const box = row?.canvas.getBoundingClientRect();
    if (!row || event.pointerType === "touch" || event.clientX < box.left || event.clientX >= box.right) {
      this.#unpoint();
      return;
    }
    const { from, to } = this.#scene.view;
    const x = event.clientX - box.left;
    const at = from + (x / box.width) * (to - from);
    this.#mark(event.clientX, Math.min(Math.max(x, 56), box.width - 56), at);
    const run = this.#under(row, event);
    row.canvas.style.cursor = run && isGap(run.kind) ? "pointer" : "";
    const tip = run && this.#tip(row.account, run, at);
    if (!tip) {
      hideTip();
      return;
    }
    const across = isGap(run.kind) || run.kind === UNKNOWN ? this.#edges(run, box) : { left: event.clientX, right: event.clientX };
    this.#tell({ ...across, top: box.top, bottom: box.bottom }, tip);
  }

  // the moment that is pointed at: a line through all rows, and its words on the axis
  #mark(left, middle, at) {
    const { view, zone } = this.#scene;
    const isLong = view.to - view.from > 12 * 86400;
    this.#cross.style.left = `${left - this.#box.parentElement.getBoundingClientRect().left}px`;
    this.#cross.hidden = false;
    this.#moment.textContent = weekdayDate(at, zone) + (isLong ? "" : `, ${clock(Math.floor(at / 60) * 60, zone)}`);
    this.#moment.style.left = `${middle}px`;
    this.#moment.hidden = false;
  }

  // what a tip says of a place on a strip; null of what is as it should be
  #tip(account, run, at) {
    const { zone, now } = this.#scene;
    const holds = ([start, end]) => at >= start && at < end;
    const syncing = account.syncing.find(holds);
    if (isGap(run.kind) || run.kind === UNKNOWN) {
      const hint = syncing ? "Syncing now" : isGap(run.kind) ? "Click to fill it" : "Some of it is hidden from you";
      return { kind: run.kind, lines: [spanWords(run.start, run.end, zone), duration(run.start, run.end, zone), hint] };
    }
    if (syncing) return { heading: "Syncing now", lines: [spanWords(...syncing, zone)] };
    if (run.kind === BEFORE) return { kind: run.kind, lines: [""] };
    if (run.kind === PENDING) {
      return { kind: run.kind, lines: [`since ${spanWords(run.start, Math.max(now, run.start + 1), zone).split(" – ")[0]}`] };
    }
    const away = account.off.find(holds);
    return away ? { heading: "Disconnected, synced since", lines: [spanWords(...away, zone)] } : null;
  }

  // where a gap begins and ends on the screen
  #edges({ start, end }, box) {
    const { from, to } = this.#scene.view;
    const x = (at) => box.left + ((Math.min(Math.max(at, from), to) - from) / (to - from)) * box.width;
    return { left: x(start), right: x(end) };
  }

  #tell(place, tip) {
    showTip(place, { ...tip, ceiling: this.#axis.getBoundingClientRect().bottom }); // the moment is told there
  }

  #unpoint() {
    if (this.#cross.hidden) return;
    this.#cross.hidden = true;
    this.#moment.hidden = true;
    if (!this.#cursor) hideTip();
  }
}

/** "97.4 %"; "≥ 5.5 %" where some of it cannot be known. */
export function shareWords(totals) {
  const share = percent(totals.synced, totals.due);
  return totals.unknown && totals.due ? `≥\u202f${share}` : share;
}
