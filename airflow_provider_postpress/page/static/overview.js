// The whole span at a glance: accounts with a gap, day by day, and the brush that chooses what part of it is looked at.

import { h, setAttribute } from "./dom.js";
import { DISCONNECTED, FAILED, MISSING, NAMES, perDay } from "./model.js";
import { colors, sheet } from "./paint.js";
import { ticks } from "./ticks.js";
import { hideTip, showTip } from "./tooltip.js";
import { between, dayCount, isWhole, move, resize } from "./view.js";
import { number, plural, spokenSpan, weekdayDate } from "./words.js";

const ORDER = [DISCONNECTED, MISSING, FAILED]; // from the bottom up
const AXIS = 18; // pixels under the bars, for the labels
const TOP = 6;
const CLICK = 4; // pixels: less is no drag
const ALL = 9999; // days: more than there are

export class Overview {
  #chosen; // (view, isSettled) -> void
  #box;
  #canvas = h("canvas", { "aria-hidden": "true" });
  #labels = h("div", { class: "labels", "aria-hidden": "true" });
  #most = h("span", { class: "most", "aria-hidden": "true" });
  #before = h("div", { class: "shade" });
  #after = h("div", { class: "shade" });
  #middle;
  #from;
  #to;
  #drag = null;
  #width = 0;
  #days = [];
  #counts = [];
  #span = { from: 0, to: 1 };
  #view = { from: 0, to: 1 };
  #zone;

  /** In a box; `chosen` is called with each new view, and whether that is the last of a drag. */
  constructor(box, chosen) {
    this.#box = box;
    this.#chosen = chosen;
    this.#from = this.#slider("handle from", "First day shown");
    this.#to = this.#slider("handle to", "Last day shown");
    this.#middle = this.#slider("window", "Days shown", "brush-help");
    box.append(this.#most, this.#canvas, this.#labels, this.#before, this.#after, this.#middle, this.#from, this.#to);
    box.addEventListener("pointerdown", (event) => this.#press(event));
    box.addEventListener("pointermove", (event) => this.#move(event));
    box.addEventListener("pointerup", (event) => this.#release(event));
    box.addEventListener("pointercancel", (event) => this.#release(event));
    box.addEventListener("pointerleave", hideTip);
    box.addEventListener("dblclick", () => this.#choose({ ...this.#span }));
    box.addEventListener("keydown", (event) => this.#key(event));
    new ResizeObserver(([{ contentRect }]) => {
      this.#width = contentRect.width;
      this.draw();
    }).observe(box);
  }

  #slider(name, label, description) {
    return h("div", {
      class: name,
      role: "slider",
      tabindex: "0",
      "aria-label": label,
      "aria-orientation": "horizontal",
      "aria-describedby": description,
    });
  }

  setData(accounts, span, zone) {
    this.#span = span;
    this.#zone = zone;
    this.#days = zone.days(span.from, span.to);
    this.#counts = perDay(accounts, this.#days);
    this.draw();
  }

  /** The most accounts that have a gap on one day: {most, at}. */
  peak() {
    let most = 0;
    let at = null;
    this.#counts.forEach(({ all }, day) => {
      if (all > most) [most, at] = [all, this.#days[day]];
    });
    return { most, at };
  }

  setView(view) {
    this.#view = view;
    const width = this.#width;
    const [left, right] = [this.#x(view.from, width), this.#x(view.to, width)];
    const set = (element, from, to) => {
      element.style.left = `${from}px`;
      element.style.width = `${Math.max(to - from, 0)}px`;
    };
    set(this.#before, 0, left);
    set(this.#after, right, width);
    set(this.#middle, left, right);
    this.#from.style.left = `${left}px`;
    this.#to.style.left = `${right}px`;
    this.#box.classList.toggle("whole", isWhole(view, this.#span));
    this.#box.classList.toggle("narrow", right - left < 24);
    this.#tell();
  }

  #tell() {
    const zone = this.#zone;
    const last = this.#days.length - 2;
    const index = (at) => this.#days.findIndex((day, n) => at < this.#days[n + 1]);
    const values = (slider, at, text) => {
      setAttribute(slider, "aria-valuemin", "0");
      setAttribute(slider, "aria-valuemax", last);
      setAttribute(slider, "aria-valuenow", Math.max(0, index(at)));
      setAttribute(slider, "aria-valuetext", text);
    };
    const { from, to } = this.#view;
    values(this.#from, from, spokenSpan(zone.dayStart(from), zone.addDays(from, 1), zone));
    values(this.#to, to - 0.001, spokenSpan(zone.dayStart(to - 0.001), zone.addDays(to - 0.001, 1), zone));
    values(this.#middle, from, `${spokenSpan(from, to, zone)}, ${plural(dayCount(this.#view, zone), "day")}`);
  }

  #x = (at, width) => ((at - this.#span.from) / (this.#span.to - this.#span.from)) * width;

  #at(event) {
    const { left, width } = this.#canvas.getBoundingClientRect();
    const share = Math.min(Math.max((event.clientX - left) / width, 0), 1);
    return this.#span.from + share * (this.#span.to - this.#span.from);
  }

  draw() {
    if (!this.#zone) return;
    const on = sheet(this.#canvas);
    if (!on) return;
    const { context, width, height, density } = on;
    const ink = colors();
    const floor = height - AXIS;
    const snap = (x) => Math.round(x * density) / density;
    context.fillStyle = ink.line;
    for (const y of [TOP, (TOP + floor) / 2, floor]) context.fillRect(0, snap(y), width, 1 / density);
    this.#drawBars(on, ink, floor, snap);
    this.#label(width);
    this.setView(this.#view);
  }

  #drawBars({ context, width, density }, ink, floor, snap) {
    const unit = (floor - TOP) / Math.max(1, this.peak().most);
    const inks = { [MISSING]: ink.missing, [FAILED]: ink.failed, [DISCONNECTED]: ink.disconnected };
    this.#counts.forEach(({ by }, day) => {
      const left = snap(this.#x(Math.max(this.#days[day], this.#span.from), width));
      const right = snap(this.#x(Math.min(this.#days[day + 1], this.#span.to), width));
      const gap = right - left > 4 ? 1 : 0;
      let base = floor;
      for (const kind of ORDER) {
        if (!by[kind]) continue;
        const top = base - by[kind] * unit;
        context.fillStyle = inks[kind];
        context.fillRect(left, snap(top), Math.max(right - left - gap, 1 / density), snap(base) - snap(top));
        base = top;
      }
    });
  }

  #label(width) {
    const { most } = this.peak();
    this.#most.textContent = most ? number(most) : "";
    this.#labels.replaceChildren(
      ...ticks(this.#zone, this.#span.from, this.#span.to, width).map(({ at, label }) => {
        const text = h("span", {}, label);
        text.style.left = `${this.#x(at, width)}px`;
        return text;
      }),
    );
  }

  #choose(view, isSettled = true) {
    this.#chosen(view, isSettled);
  }

  #press(event) {
    if (event.button) return;
    const at = this.#at(event);
    const on = event.target;
    const isHandle = on === this.#from || on === this.#to;
    const mode = isHandle ? "resize" : on === this.#middle && !isWhole(this.#view, this.#span) ? "move" : "new";
    this.#drag = { mode, at, x: event.clientX, view: this.#view, fixed: on === this.#from ? this.#view.to - 1 : this.#view.from, moved: false };
    this.#box.setPointerCapture(event.pointerId);
    if (mode !== "new") on.focus({ preventScroll: true });
    event.preventDefault();
    hideTip();
  }

  #move(event) {
    const drag = this.#drag;
    if (!drag) {
      this.#point(event);
      return;
    }
    if (!drag.moved && Math.abs(event.clientX - drag.x) < CLICK) return;
    drag.moved = true;
    this.#choose(this.#dragged(event), false);
  }

  #dragged(event) {
    const { mode, at, view, fixed } = this.#drag;
    const now = this.#at(event);
    if (mode === "move") return move(view, Math.round((now - at) / 86400), this.#span, this.#zone);
    return between(mode === "new" ? at : fixed, now, this.#span, this.#zone);
  }

  #release(event) {
    if (!this.#drag) return;
    const view = this.#drag.moved && event.type === "pointerup" ? this.#dragged(event) : null;
    this.#drag = null;
    if (view) this.#choose(view);
  }

  #point(event) {
    const at = this.#at(event);
    const day = this.#days.findIndex((start, n) => at < this.#days[n + 1]);
    const count = this.#counts[day];
    if (!count) return;
    const box = this.#canvas.getBoundingClientRect();
    showTip(
      { left: event.clientX, right: event.clientX, top: box.top, bottom: box.bottom },
      {
        heading: weekdayDate(this.#days[day], this.#zone),
        lines: [
          count.all ? "" : "No account has a gap",
          ...[...ORDER].reverse().map((kind) => (count.by[kind] ? `${plural(count.by[kind], "account")}: ${NAMES[kind].toLowerCase()}` : "")),
        ],
      },
    );
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = this.#asked(event);
    if (!next) return;
    event.preventDefault();
    this.#choose(next);
  }

  // the view that a key asks for; null if it asks for none
  #asked({ key, shiftKey, target }) {
    const [view, span, zone] = [this.#view, this.#span, this.#zone];
    const which = { [this.#from.className]: "from", [this.#to.className]: "to" }[target.className] ?? "both";
    const days = dayCount(view, zone);
    const page = Math.max(1, which === "both" ? days : 7);
    const by = { ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageUp: page, PageDown: -page }[key];
    const end = { Home: -ALL, End: ALL }[key];
    if ((by || end) && which !== "both") return resize(view, which, by ?? end, span, zone);
    if (by && shiftKey) return resize(view, "to", by, span, zone);
    if (by || end) return move(view, by ?? end, span, zone);
    if (key === "+" || key === "=") return zoomed(view, -Math.ceil(days / 4), span, zone);
    if (key === "-") return zoomed(view, Math.max(1, Math.ceil(days / 3)), span, zone);
    return key === "0" ? { ...span } : null;
  }
}

// so many days more (or fewer), on both sides as far as there is room
function zoomed(view, days, span, zone) {
  const before = Math.trunc(days / 2);
  const wider = resize(view, "from", -before, span, zone);
  return resize(wider, "to", days - before, span, zone);
}
