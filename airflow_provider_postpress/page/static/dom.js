// The only way in which this page makes elements: text goes in as text, never as markup.

const SVG = "http://www.w3.org/2000/svg";
const AS_PROPERTY = new Set(["value", "checked", "disabled", "hidden", "textContent"]);

/** An element with attributes, `on…` listeners, a `style` object, and children (text, elements; null and false are left out). */
export function h(tag, props = {}, ...children) {
  const isSvg = tag.startsWith("svg:");
  const element = isSvg ? document.createElementNS(SVG, tag.slice(4)) : document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "style") for (const [property, of] of Object.entries(value)) element.style.setProperty(property, of);
    else if (AS_PROPERTY.has(name) && !isSvg) element[name] = value;
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

export const byId = (id) => document.getElementById(id);

/** Set a text or an attribute only where it differs: most of a refresh changes nothing. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null || value === undefined || value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}

/** Icons, as paths of a 16 × 16 box. */
const ICONS = {
  close: "M4 4l8 8M12 4l-8 8",
  earlier: "M10 3.5L5.5 8l4.5 4.5",
  later: "M6 3.5L10.5 8L6 12.5",
  reload: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v2.6h-2.6",
  hidden: "M2 8s2.2-4 6-4s6 4 6 4s-2.2 4-6 4s-6-4-6-4zM3 13L13 3",
  plug: "M5.5 2v3M10.5 2v3M4 5h8v2.5a4 4 0 0 1-8 0zM8 11.5V14",
  empty: "M2 4.5h12M2 8h3M7.5 8H14M2 11.5h8M12.5 11.5H14",
  lock: "M3.5 7.5h9v6h-9zM5.5 7.5V5.3a2.5 2.5 0 0 1 5 0v2.2",
  trouble: "M8 2.2L14.5 13.5h-13zM8 6.5v3.2M8 11.6v.1",
};

export function icon(name) {
  return h(
    "svg:svg",
    { viewBox: "0 0 16 16", class: "icon", "aria-hidden": "true", focusable: "false" },
    h("svg:path", { d: ICONS[name], fill: "none", stroke: "currentColor", "stroke-width": "1.3", "stroke-linecap": "round", "stroke-linejoin": "round" }),
  );
}
