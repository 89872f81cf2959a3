// What is said aloud by a screen reader, and shown for a while at the foot of the page.

import { byId, h } from "./dom.js";

const SHOWN = 12_000;

/** Say something to those who listen only; the same words twice are said twice. */
export function say(text) {
  const region = byId("say");
  region.replaceChildren(h("span", {}, text));
}

export function hideToasts() {
  byId("alerts").replaceChildren();
  byId("toasts").replaceChildren();
}

/**
 * Show a message, which is also said. Stays while it is pointed at or focused, and for good if it is of a failure.
 *
 * `isBad`: a failure; `action`: a link or a button to put beside it.
 */
export function toast(text, { isBad = false, action = null } = {}) {
  const shown = h("div", { class: isBad ? "toast bad" : "toast" }, h("span", { class: "toast-text" }, text), action);
  const close = () => shown.remove();
  shown.append(h("button", { type: "button", class: "plain", "aria-label": "Dismiss", onclick: close }, "×"));
  const region = byId(isBad ? "alerts" : "toasts");
  hideToasts();
  region.append(shown);
  if (isBad) return;
  let timer = setTimeout(close, SHOWN);
  const hold = () => clearTimeout(timer);
  const release = () => {
    clearTimeout(timer);
    timer = setTimeout(close, SHOWN / 3);
  };
  shown.addEventListener("pointerenter", hold);
  shown.addEventListener("focusin", hold);
  shown.addEventListener("pointerleave", release);
  shown.addEventListener("focusout", release);
}
