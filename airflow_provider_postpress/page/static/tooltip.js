// The words beside the pointer, or beside what the keyboard is on. Seen only: what is in it is said elsewhere.

import { byId, h } from "./dom.js";
import { KINDS, NAMES } from "./model.js";

/** Show a tooltip by a rectangle {left, right, top, bottom}, above it if there is room below `ceiling`: a kind's mark, a heading, and lines. */
export function showTip(rect, { kind = null, heading, lines, ceiling = 0 }) {
  const tip = byId("tip");
  tip.replaceChildren(
    h("strong", {}, kind === null ? null : h("span", { class: `dot ${KINDS[kind]}` }), heading ?? NAMES[kind]),
    ...lines.filter(Boolean).map((line) => h("div", {}, line)),
  );
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = Math.min(Math.max((rect.left + rect.right - width) / 2, 8), innerWidth - width - 8);
  const above = rect.top - height - 8;
  tip.style.left = `${left}px`;
  tip.style.top = `${above > ceiling + 8 ? above : rect.bottom + 8}px`;
}

export function hideTip() {
  byId("tip").hidden = true;
}
