// An account's days, a row a month: a grid of buttons for the keyboard and for listeners, painted as one canvas beneath.

import { h } from "./dom.js";
import { BEFORE, FAILED, KINDS, NAMES, SYNCED, isGap, runs } from "./model.js";
import { colors, crosses, filling, sheet } from "./paint.js";
import { duration, monthName, spokenSpan, weekdayDate } from "./words.js";

const MONTH_WIDTH = 40; // pixels for the names of the months
const HEAD = 16; // pixels for the numbers of the days
const GAP = 2; // pixels between days
const LEAST = 3; // pixels that a problem has within its day

/** The calendar of {seg} over a span; `pick(gap)` is called for the gap on a day that is chosen. */
export class Calendar {
  element;
  #canvas = h("canvas", { "aria-hidden": "true" });
  #grid;
  #cells = []; // {button, day, from, to, month (row), date (column)}
  #active = 0;
  #pick;
  #given = null;

  constructor(labelledBy, pick) {
    this.#pick = pick;
    this.#grid = h("div", { class: "days", role: "grid", "aria-labelledby": labelledBy });
    this.element = h("div", { class: "calendar" }, this.#canvas, this.#grid);
    this.#grid.addEventListener("keydown", (event) => this.#key(event));
    this.#grid.addEventListener("click", (event) => this.#click(event));
    new ResizeObserver(() => this.draw()).observe(this.element);
  }

  /** Show {seg, span, view, zone, chosen}. */
  show(given) {
    const before = this.#given;
    this.#given = given;
    const sameDays = before && before.span.from === given.span.from && before.span.to === given.span.to && before.zone.name === given.zone.name;
    if (!sameDays) this.#build();
    if (!sameDays || before.seg !== given.seg) this.#label();
    if (!sameDays || before.chosen?.start !== given.chosen?.start) this.#stopAtChosen();
    this.draw();
  }

  #build() {
    const { span, zone } = this.#given;
    const days = zone.days(span.from, span.to);
    const rows = [];
    this.#cells = [];
    let row = null;
    for (let n = 0; n + 1 < days.length; n++) {
      const { year, month, day } = zone.parts(days[n]);
      if (!row || row.month !== month) {
        row = { month, year, cells: [] };
        rows.push(row);
      }
      const button = h("button", { type: "button", role: "gridcell", tabindex: "-1" });
      button.style.gridColumn = String(day + 1);
      button.style.gridRow = String(rows.length + 1);
      this.#cells.push({ button, day: days[n], from: Math.max(days[n], span.from), to: Math.min(days[n + 1], span.to), month: rows.length - 1, date: day });
      row.cells.push(button);
    }
    const heads = [1, 5, 10, 15, 20, 25, 30].map((day) => {
      const head = h("span", { class: "date" }, String(day));
      head.style.gridColumn = String(day + 1);
      return head;
    });
    this.#grid.replaceChildren(
      h("div", { class: "dates", "aria-hidden": "true" }, heads),
      ...rows.map(({ month, year, cells }, n) => {
        const name = h("span", { role: "rowheader", class: "month", "aria-label": `${monthName(month)} ${year}` }, month === 1 ? String(year) : n === 0 ? `${monthName(month)} ’${String(year).slice(-2)}` : monthName(month));
        name.style.gridRow = String(n + 2);
        return h("div", { role: "row" }, name, cells);
      }),
    );
    this.#active = this.#cells.length - 1;
    this.#cells.at(-1)?.button.setAttribute("tabindex", "0");
  }

  #label() {
    const { seg, zone } = this.#given;
    for (const cell of this.#cells) {
      cell.runs = [...runs(seg, cell.from, cell.to)];
      cell.button.setAttribute("aria-label", `${weekdayDate(cell.day, zone)}: ${dayWords(cell.runs, zone)}`);
      cell.button.title = cell.button.getAttribute("aria-label");
    }
  }

  #stopAtChosen() {
    const { chosen } = this.#given;
    if (!chosen) return;
    const at = this.#cells.findIndex(({ from, to }) => from < chosen.end && to > chosen.start);
    if (at >= 0) this.#stop(at);
  }

  #stop(at) {
    this.#cells[this.#active]?.button.setAttribute("tabindex", "-1");
    this.#active = at;
    this.#cells[at].button.setAttribute("tabindex", "0");
  }

  #key(event) {
    const at = this.#cells.findIndex(({ button }) => button === event.target);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const { month, date } = this.#cells[at];
    const inMonth = (wanted) => {
      const days = this.#cells.map((cell, n) => [cell, n]).filter(([cell]) => cell.month === wanted);
      const found = days.findLast(([cell]) => cell.date <= date) ?? days[0];
      return found ? found[1] : at;
    };
    const row = this.#cells.map((cell, n) => [cell, n]).filter(([cell]) => cell.month === month);
    const next = {
      ArrowRight: () => at + 1,
      ArrowLeft: () => at - 1,
      ArrowDown: () => inMonth(month + 1),
      ArrowUp: () => inMonth(month - 1),
      Home: () => row[0][1],
      End: () => row.at(-1)[1],
    }[event.key]?.();
    if (next === undefined) return;
    event.preventDefault();
    if (!this.#cells[next]) return;
    this.#stop(next);
    this.#cells[next].button.focus();
  }

  #click(event) {
    const at = this.#cells.findIndex(({ button }) => button === event.target);
    if (at < 0) return;
    this.#stop(at);
    const cell = this.#cells[at];
    const found = cell.runs.filter(([, , kind]) => isGap(kind)).sort((a, b) => b[1] - b[0] - (a[1] - a[0]))[0];
    if (found) this.#pick(found[0]);
  }

  draw() {
    if (!this.#given || !this.#cells.length) return;
    const width = this.element.clientWidth;
    if (!width) return;
    const pitch = (width - MONTH_WIDTH) / 31;
    this.element.style.setProperty("--pitch", `${pitch}px`);
    this.element.style.height = `${HEAD + (this.#cells.at(-1).month + 1) * pitch}px`;
    const on = sheet(this.#canvas);
    if (!on) return;
    const { context, density } = on;
    const { view, chosen } = this.#given;
    const ink = colors();
    const snap = (x) => Math.round(x * density) / density;
    const side = pitch - GAP;
    for (const cell of this.#cells) {
      const left = snap(MONTH_WIDTH + (cell.date - 1) * pitch);
      const top = snap(HEAD + cell.month * pitch);
      context.save();
      if (cell.to <= view.from || cell.from >= view.to) context.globalAlpha = 0.35;
      context.beginPath();
      context.roundRect(left, top, side, side, 2.5);
      context.clip();
      context.fillStyle = ink.ground;
      context.fillRect(left, top, side, side);
      const x = (at) => left + ((at - cell.from) / (cell.to - cell.from)) * side;
      for (const [start, end, kind] of cell.runs) {
        if (kind === BEFORE || isGap(kind)) continue;
        context.fillStyle = filling(context, kind, side, density);
        context.fillRect(x(start), top, x(end) - x(start), side);
      }
      for (const [start, end, kind] of cell.runs) {
        if (!isGap(kind)) continue;
        const wide = Math.max(x(end) - x(start), LEAST);
        const from = Math.min(x(start), left + side - wide);
        context.fillStyle = filling(context, kind, wide, density);
        context.fillRect(from, top, wide, side);
        if (kind === FAILED) crosses(context, from, from + wide, top, side);
      }
      context.restore();
      if (chosen && cell.from < chosen.end && cell.to > chosen.start) {
        context.strokeStyle = ink.fg;
        context.lineWidth = 1.5;
        context.beginPath();
        context.roundRect(left - 0.5, top - 0.5, side + 1, side + 1, 3);
        context.stroke();
      }
    }
  }
}

/** What became of a day: "synced", "missing", "failed 2 h, 5 October 2026, 10:00 to 12:00" */
function dayWords(all, zone) {
  const kinds = new Set(all.map(([, , kind]) => kind));
  if (kinds.size === 1) return NAMES[all[0][2]].toLowerCase();
  return all
    .filter(([, , kind]) => kind !== SYNCED)
    .map(([start, end, kind]) => `${KINDS[kind] === "before" ? "before the first sync" : NAMES[kind].toLowerCase()} ${duration(start, end, zone)}, ${spokenSpan(start, end, zone)}`)
    .join("; ");
}
