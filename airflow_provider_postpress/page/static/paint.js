// How each kind of time is painted, on strips, in the calendar and in the legend. No two kinds differ by colour alone:
// synced is plain, missing solid with an edge, failed crossed and topped by a pin, disconnected hatched, unknown dotted,
// not due yet pale, and before the first sync there is but a dotted line.

import { BEFORE, DISCONNECTED, FAILED, MISSING, PENDING, SYNCED, UNKNOWN } from "./model.js";

const INKS = ["panel", "line", "fg", "synced", "missing", "failed", "disconnected", "pending", "unknown", "ground", "link", "off", "faint"];

let inks = null;

/** The colours of the theme, as the canvas wants them; read anew after each change of theme. */
export function colors() {
  if (inks) return inks;
  const probe = document.createElement("span");
  probe.className = "probe";
  document.body.append(probe);
  const style = getComputedStyle(probe);
  inks = {};
  for (const name of INKS) {
    probe.style.setProperty("color", `var(--${name})`);
    inks[name] = style.color;
  }
  probe.remove();
  return inks;
}

export function forgetColors() {
  inks = null;
  patterns.clear();
}

const patterns = new Map();

// a tile of so many device pixels, painted once for each theme and density
function pattern(context, name, size, density, draw) {
  const key = `${name} ${density}`;
  let made = patterns.get(key);
  if (!made) {
    const tile = document.createElement("canvas");
    tile.width = tile.height = Math.max(2, Math.round(size * density));
    const on = tile.getContext("2d");
    on.scale(tile.width / size, tile.width / size);
    draw(on, size);
    made = context.createPattern(tile, "repeat");
    patterns.set(key, made);
  }
  // tiles are in device pixels, whatever the context's scale
  made.setTransform(new DOMMatrix().scale(1 / density));
  return made;
}

const HATCH = 5;
function hatch(context, density) {
  return pattern(context, "hatch", HATCH, density, (on, size) => {
    on.fillStyle = colors().ground;
    on.fillRect(0, 0, size, size);
    on.strokeStyle = colors().disconnected;
    on.lineWidth = 1.7;
    on.beginPath();
    for (const shift of [-size, 0, size]) {
      on.moveTo(shift - 1, size + 1);
      on.lineTo(shift + size + 1, -1);
    }
    on.stroke();
  });
}

function dots(context, density) {
  return pattern(context, "dots", 4, density, (on, size) => {
    on.fillStyle = colors().ground;
    on.fillRect(0, 0, size, size);
    on.fillStyle = colors().unknown;
    on.beginPath();
    on.arc(size / 2, size / 2, 1, 0, 7);
    on.fill();
  });
}

/** What fills a kind of time, this many pixels wide: patterns are left out where they cannot be seen. */
export function filling(context, kind, width, density) {
  const ink = colors();
  switch (kind) {
    case SYNCED:
      return ink.synced;
    case MISSING:
      return ink.missing;
    case FAILED:
      return ink.failed;
    case DISCONNECTED:
      return width >= 4 ? hatch(context, density) : ink.disconnected;
    case PENDING:
      return ink.pending;
    case UNKNOWN:
      return dots(context, density);
    default:
      return "transparent";
  }
}

/** Crosses on what failed, one for about each height of it; none where there is no room. */
export function crosses(context, from, to, top, height) {
  const reach = Math.min(to - from, height) / 2 - 2.5;
  if (reach < 2) return;
  const count = Math.max(1, Math.floor((to - from) / (height * 1.6)));
  context.strokeStyle = colors().panel;
  context.lineWidth = 1.3;
  context.beginPath();
  for (let n = 0; n < count; n++) {
    const x = from + ((n + 0.5) * (to - from)) / count;
    const y = top + height / 2;
    context.moveTo(x - reach, y - reach);
    context.lineTo(x + reach, y + reach);
    context.moveTo(x + reach, y - reach);
    context.lineTo(x - reach, y + reach);
  }
  context.stroke();
}

/** A pin that stands on top of what failed. */
export function pin(context, x, top) {
  context.fillStyle = colors().failed;
  context.beginPath();
  context.moveTo(x - 3.5, top - 4.5);
  context.lineTo(x + 3.5, top - 4.5);
  context.lineTo(x, top + 0.5);
  context.fill();
}

/** A dotted line, for the time before the first sync. */
export function dotted(context, from, to, y) {
  context.fillStyle = colors().faint;
  for (let x = from + 1; x < to - 1; x += 5) context.fillRect(x, y - 0.75, 1.5, 1.5);
}

/**
 * A canvas made as large as it is shown, cleared, in CSS pixels: {context, width, height, density}; null if it is not shown.
 *
 * To ask an element for its size makes the browser lay out the page: who knows the size says it.
 */
export function sheet(canvas, width = canvas.clientWidth, height = canvas.clientHeight) {
  if (!width || !height) return null;
  const density = Math.min(window.devicePixelRatio || 1, 3);
  const [w, t] = [Math.round(width * density), Math.round(height * density)];
  if (canvas.width !== w || canvas.height !== t) {
    canvas.width = w;
    canvas.height = t;
  }
  const context = canvas.getContext("2d");
  context.setTransform(density, 0, 0, density, 0, 0);
  context.clearRect(0, 0, width, height);
  return { context, width, height, density };
}

/** Paint a swatch of a kind, as the legend shows it. */
export function swatch(canvas, kind) {
  const on = sheet(canvas);
  if (!on) return;
  const { context, width, height, density } = on;
  if (kind === BEFORE) {
    dotted(context, 0, width, height / 2);
    return;
  }
  const top = 5;
  context.fillStyle = filling(context, kind, width, density);
  context.beginPath();
  context.roundRect(0, top, width, height - top, 2.5);
  context.fill();
  if (kind !== FAILED) return;
  crosses(context, 0, width, top, height - top);
  pin(context, width / 2, top);
}
