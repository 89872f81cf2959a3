// The small sign of an account's type.

import { h } from "./dom.js";

const SIGNS = {
  LINKEDIN: ["in", "LinkedIn"],
  TELEGRAM: ["tg", "Telegram"],
  WHATSAPP: ["wa", "WhatsApp"],
  INSTAGRAM: ["ig", "Instagram"],
  MESSENGER: ["me", "Messenger"],
  TWITTER: ["X", "X (Twitter)"],
  SLACK: ["sl", "Slack"],
  MAIL: ["@", "Mail"],
  ICLOUD: ["ic", "iCloud"],
  EXCHANGE: ["ex", "Exchange"],
  OUTLOOK: ["ou", "Outlook"],
  GOOGLE_OAUTH: ["go", "Google"],
  GOOGLE_CALENDAR: ["gc", "Google Calendar"],
  MOBILE: ["mo", "Mobile"],
};

/** "LinkedIn"; a type that is not known as it is written; "" for none. */
export const typeName = (type) => (Object.hasOwn(SIGNS, type) ? SIGNS[type][1] : type);

export function badge(type, size = "") {
  const known = Object.hasOwn(SIGNS, type);
  const sign = known ? SIGNS[type][0] : (type || "·").slice(0, 2).toLowerCase();
  return h("span", { class: `badge ${size}`, "data-type": known ? type : "", title: typeName(type), "aria-hidden": "true" }, sign);
}
