// One account's time as a strip on a canvas.

import { BEFORE, DISCONNECTED, FAILED, MISSING, PENDING, SYNCED, UNKNOWN, isGap, runAt, runs } from "./model.js";
import { colors, crosses, dotted, filling, pin, sheet } from "./paint.js";

const HEIGHT = 28; // of a strip, as the style sheet has it
const TOP = 7; // room for the pins
const BOTTOM = 6; // room for the underline of a disconnection
const LEAST = 2; // pixels that a problem has at any zoom
const HALO = 1; // pixels of the panel's colour on either side of a problem, so that it stands out
const REACH = 4; // pixels around a problem that count as on it

/**
 * Paint a strip.
 *
 * `width`: of the canvas; `account`: its seg, off, syncing; `view`: {from, to}; `marks`: instants that divide the strip;
 * `chosen`, `cursor`: {start, end} outlined, or null; `asked`: [[start, end]] for which runs are under way; `now`: the present.
 */
export function paintStrip(canvas, width, account, view, { marks = [], chosen = null, cursor = null, asked = [], now = null } = {}) {
  const on = sheet(canvas, width, HEIGHT);
  if (!on) return;
  const { context, height, density } = on;
  const ink = colors();
  const scale = width / (view.to - view.from);
  const snap = (x) => Math.round(x * density) / density;
  const x = (at) => snap((Math.min(Math.max(at, view.from), view.to) - view.from) * scale);
  const bottom = height - BOTTOM;
  const tall = bottom - TOP;
  const all = [...runs(account.seg, view.from, view.to)];
  const known = all.filter(([, , kind]) => kind !== BEFORE);

  for (const [start, end, kind] of all) if (kind === BEFORE) dotted(context, x(start), x(end), TOP + tall / 2);

  context.save();
  if (known.length) {
    context.beginPath();
    context.roundRect(x(known[0][0]), TOP, Math.max(x(known.at(-1)[1]) - x(known[0][0]), LEAST), tall, 3.5);
    context.clip();
  }
  const fill = (from, to, kind) => {
    context.fillStyle = filling(context, kind, to - from, density);
    context.fillRect(from, TOP, to - from, tall);
  };
  for (const [start, end, kind] of known) if (kind === SYNCED || kind === PENDING || kind === UNKNOWN) fill(x(start), x(end), kind);
  const problems = known.filter(([, , kind]) => isGap(kind)).map((run) => ({ kind: run[2], ...extent(x(run[0]), x(run[1]), width) }));
  context.fillStyle = ink.panel;
  for (const { from, to } of problems) context.fillRect(from - HALO, TOP, to - from + 2 * HALO, tall);
  // the gravest on top, where they are closer than they are wide
  for (const kind of [DISCONNECTED, MISSING, FAILED]) for (const one of problems) if (one.kind === kind) fill(one.from, one.to, kind);
  context.fillStyle = ink.panel;
  for (const at of marks) if (at > view.from) context.fillRect(x(at), TOP, 1, tall);
  // a division must not hide what is as narrow as itself
  for (const one of problems) if (one.to - one.from < 6) fill(one.from, one.to, one.kind);
  for (const one of problems) if (one.kind === FAILED) crosses(context, one.from, one.to, TOP, tall);
  context.restore();

  for (const one of problems) if (one.kind === FAILED) pin(context, Math.min(Math.max((one.from + one.to) / 2, 3.5), width - 3.5), TOP);
  context.fillStyle = ink.off;
  for (const [start, end] of account.off) {
    if (end <= view.from || start >= view.to) continue;
    const { from, to } = extent(x(start), x(end), width, 3);
    context.fillRect(from, bottom + 2.5, to - from, 1.5);
  }
  if (now !== null && now > view.from && now < view.to) {
    context.fillStyle = ink.faint;
    context.fillRect(x(now), TOP - 2, 1, tall + 4);
  }
  const outline = ([start, end], color, line, dash = []) => {
    if (end <= view.from || start >= view.to) return;
    const { from, to } = extent(x(start), x(end), width, 4);
    context.strokeStyle = color;
    context.lineWidth = line;
    context.setLineDash(dash);
    context.beginPath();
    context.roundRect(from - 1, TOP - 1.5, to - from + 2, tall + 3, 3);
    context.stroke();
    context.setLineDash([]);
  };
  if (chosen) outline([chosen.start, chosen.end], ink.fg, 1.5);
  for (const window of [...account.syncing, ...asked]) {
    outline(window, ink.panel, 1.5);
    outline(window, ink.link, 1.5, [3, 2]);
  }
  if (cursor) outline([cursor.start, cursor.end], ink.fg, 2);
}

// at least so many pixels wide, around the middle, within the strip
function extent(from, to, width, least = LEAST) {
  if (to - from >= least) return { from, to };
  const start = Math.min(Math.max((from + to - least) / 2, 0), width - least);
  return { from: start, to: start + least };
}

/** What is at a place of a strip: the run {start, end, kind} there, or a problem so near that it is meant. */
export function hit(seg, view, offset, width) {
  const at = view.from + (offset / width) * (view.to - view.from);
  const reach = (REACH / width) * (view.to - view.from);
  let nearest = null;
  let best = reach;
  for (let i = 0; i + 2 < seg.length; i += 2) {
    if (seg[i] > at + reach) break;
    if (seg[i + 2] < at - reach || !isGap(seg[i + 1])) continue;
    const away = Math.max(seg[i] - at, at - seg[i + 2], 0);
    if (away < best || (away === 0 && best > 0)) {
      best = away;
      nearest = { start: seg[i], end: seg[i + 2], kind: seg[i + 1] };
    }
  }
  return nearest ?? runAt(seg, at);
}
