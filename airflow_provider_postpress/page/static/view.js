// The part of the loaded span that is looked at: whole days of the zone wherever it was not dragged otherwise. Pure.

/** The zooms, in days; the year is the whole of what is loaded. */
export const ZOOMS = [
  { key: "year", name: "Year", days: Infinity },
  { key: "quarter", name: "Quarter", days: 91 },
  { key: "month", name: "Month", days: 30 },
  { key: "week", name: "Week", days: 7 },
  { key: "day", name: "Day", days: 1 },
];

export const isWhole = (view, span) => view.from <= span.from && view.to >= span.to;

/** How many days a view touches. */
export const dayCount = (view, zone) => zone.days(view.from, view.to).length - 1;

/** The zoom that a view is, or undefined. */
export function zoomOf(view, span, zone) {
  if (isWhole(view, span)) return ZOOMS[0];
  if (!zone.isDayStart(view.from) || !zone.isDayStart(view.to)) return undefined;
  const days = dayCount(view, zone);
  return ZOOMS.find((zoom) => zoom.days === days);
}

/** A view as long as a zoom that ends where this one does; if an instant must be in it, around that. */
export function zoomTo(zoom, view, span, zone, around = null) {
  if (zoom.days === Infinity) return { ...span };
  let to = zone.isDayStart(view.to) ? view.to : zone.addDays(view.to, 1);
  let from = zone.addDays(to, -zoom.days);
  if (around !== null && (around < from || around >= to)) {
    from = zone.addDays(around, -Math.floor(zoom.days / 2));
    to = zone.addDays(from, zoom.days);
  }
  return within({ from, to }, span, zone);
}

/** The view before (-1) or after (+1) this one. It may lie outside of the span: then that must be loaded. */
export function step(view, direction, zone) {
  const days = dayCount(view, zone) * direction;
  return { from: zone.addDays(view.from, days), to: zone.addDays(view.to, days) };
}

/** A view as long as this one that ends there. */
export function endingAt(view, end, zone) {
  return { from: zone.addDays(end - 0.001, 1 - dayCount(view, zone)), to: end };
}

/** A view of whole days of one zone: the same days in another. */
export function inZone(view, before, zone) {
  if (!before.isDayStart(view.from) || !before.isDayStart(view.to)) return view;
  const to = zone.addDays(view.to - 43200, 1);
  return { from: zone.addDays(to, -dayCount(view, before)), to };
}

// where days of the span begin, and its end: what a view can begin and end with
function bounds(span, zone) {
  const all = zone.days(span.from, span.to);
  all[0] = span.from;
  all[all.length - 1] = span.to;
  return all;
}

// the indexes of a view's ends among the bounds, at least a day apart
function ends(view, all) {
  const from = Math.min(Math.max(all.findLastIndex((at) => at <= view.from), 0), all.length - 2);
  const end = all.findIndex((at) => at >= view.to);
  return [from, Math.max(end < 0 ? all.length - 1 : end, from + 1)];
}

const clamp = (n, low, high) => Math.min(Math.max(n, low), high);

/** The view, so many days later (or earlier), kept as long as it is. */
export function move(view, days, span, zone) {
  const all = bounds(span, zone);
  const [from, to] = ends(view, all);
  const start = clamp(from + days, 0, all.length - 1 - (to - from));
  return { from: all[start], to: all[start + to - from] };
}

/** One end of the view moved by days, at least one day left. */
export function resize(view, end, days, span, zone) {
  const all = bounds(span, zone);
  const [from, to] = ends(view, all);
  if (end === "from") return { from: all[clamp(from + days, 0, to - 1)], to: all[to] };
  return { from: all[from], to: all[clamp(to + days, from + 1, all.length - 1)] };
}

/** From the day of one instant to the day of another, in either order, at least one day. */
export function between(a, b, span, zone) {
  const all = bounds(span, zone);
  const [from, to] = ends({ from: Math.min(a, b), to: Math.max(a, b) }, all);
  return { from: all[from], to: all[to] };
}

/** A view moved into the span; the whole of it where it is too long. */
export function within(view, span, zone) {
  if (view.from >= span.from && view.to <= span.to) return view;
  const all = bounds(span, zone);
  const days = Math.min(dayCount(view, zone), all.length - 1);
  return view.to > span.to ? { from: all[all.length - 1 - days], to: span.to } : { from: span.from, to: all[days] };
}

/** The span to load so that a view is in it: the year that ends with a day, or the view where that is longer. */
export function spanFor(view, tomorrow, zone) {
  const yearUntil = (to) => ({ from: zone.addDays(to, -365), to });
  const year = yearUntil(tomorrow);
  if (!view || (view.from >= year.from && view.to <= year.to)) return year;
  const to = Math.min(tomorrow, zone.isDayStart(view.to) ? view.to : zone.addDays(view.to, 1));
  const earlier = yearUntil(to);
  return { from: Math.min(earlier.from, zone.dayStart(view.from)), to };
}
