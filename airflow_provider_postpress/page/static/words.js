// Times, durations and shares as people read them. Pure. Never says "100 %" of what is not whole, nor "0" of what is some.

const MONTHS = ["January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November", "December"];
const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const DAY = 86400;
const THIN = "\u202f"; // a narrow space that does not break

export const monthName = (month) => MONTHS[month - 1].slice(0, 3);
export const weekdayName = (weekday) => WEEKDAYS[weekday].slice(0, 3);
const two = (n) => String(n).padStart(2, "0");

/** "16:00", with seconds only where there are some, and with the offset where the clock shows that time twice. */
export function clock(at, zone) {
  const { hour, minute, second } = zone.parts(at);
  const twice = zone.isAmbiguous(at) ? ` (${zone.offsetName(at)})` : "";
  return `${two(hour)}:${two(minute)}${second ? `:${two(second)}` : ""}${twice}`;
}

/** "5 Oct 2026" */
export function date(at, zone) {
  const { year, month, day } = zone.parts(at);
  return `${day} ${monthName(month)} ${year}`;
}

/** "Mon 5 Oct 2026" */
export const weekdayDate = (at, zone) => `${weekdayName(zone.parts(at).weekday)} ${date(at, zone)}`;

/** "5 Oct 2026, 16:00" */
export const dateTime = (at, zone) => `${date(at, zone)}, ${clock(at, zone)}`;

// what every span is made of: its two ends, and whether they are whole days
function ends(start, end, zone) {
  const whole = zone.isDayStart(start) && zone.isDayStart(end);
  const last = whole ? zone.parts(end - 1) : zone.parts(end);
  return { whole, first: zone.parts(start), last };
}

const sameDay = (a, b) => a.year === b.year && a.month === b.month && a.day === b.day;

/** [start, end): "5 Oct 2026", "3 – 5 Mar 2026", "23 Sep 2026, 16:00 – 24:00", "23 Sep, 16:00 – 24 Sep 2026, 02:00" */
export function span(start, end, zone) {
  return spanWith(start, end, zone, monthName, " – ");
}

/** The same to be listened to: "3 to 5 March 2026" */
export function spokenSpan(start, end, zone) {
  return spanWith(start, end, zone, (month) => MONTHS[month - 1], " to ");
}

function spanWith(start, end, zone, month, to) {
  const { whole, first, last } = ends(start, end, zone);
  const full = (p) => `${p.day} ${month(p.month)} ${p.year}`;
  const short = (p) => (first.year === last.year ? `${p.day} ${month(p.month)}` : full(p));
  if (whole) {
    if (sameDay(first, last)) return full(first);
    const sameMonth = first.year === last.year && first.month === last.month;
    return `${sameMonth ? first.day : short(first)}${to}${full(last)}`;
  }
  if (sameDay(first, zone.parts(end - 0.001))) {
    const until = zone.isDayStart(end) ? "24:00" : clock(end, zone);
    return `${full(first)}, ${clock(start, zone)}${to}${until}`;
  }
  return `${short(first)}, ${clock(start, zone)}${to}${full(last)}, ${clock(end, zone)}`;
}

const NUMBER = new Intl.NumberFormat("en", { maximumFractionDigits: 1 });

/** "1,204" */
export const number = (n) => NUMBER.format(n);

/** How many of something: "1 gap", "1,204 gaps" */
export const plural = (n, one) => `${number(n)} ${one}${n === 1 ? "" : "s"}`;

/** [value, unit] of an amount of time: [15.6, "days"], [7, "h"], [40, "min"]; for something less than a minute ["< 1", "min"]. */
export function amountParts(seconds) {
  if (seconds <= 0) return ["0", "days"];
  const minutes = Math.round(seconds / 60);
  if (minutes < 1) return ["< 1", "min"];
  if (minutes < 60) return [String(minutes), "min"];
  if (minutes < 1440) {
    const [hours, rest] = [Math.floor(minutes / 60), minutes % 60];
    return rest ? [`${hours} h ${rest}`, "min"] : [String(hours), "h"];
  }
  const days = Math.round(minutes / 144) / 10;
  return [number(days < 100 ? days : Math.round(days)), days === 1 ? "day" : "days"];
}

/** "15.6 days", "1 day", "7 h 30 min", "none" */
export function amount(seconds) {
  return seconds > 0 ? amountParts(seconds).join(" ") : "none";
}

/** The same in a narrow column: "15.6 d", "7 h", "40 min" */
export function shortAmount(seconds) {
  if (seconds <= 0) return "";
  const hours = Math.round(seconds / 3600);
  if (hours >= 1 && hours < 24) return seconds < 3570 ? amount(seconds) : `${hours} h`;
  return hours ? `${amountParts(Math.max(seconds, DAY))[0]} d` : amount(seconds);
}

/** How long [start, end) is; days of the calendar, be they of 23 or 25 hours, where both ends show the same time. */
export function duration(start, end, zone) {
  const [a, b] = [zone.parts(start), zone.parts(end)];
  if (end - start > DAY / 2 && a.hour === b.hour && a.minute === b.minute && a.second === b.second) {
    const days = Math.round((end + zone.offset(end) - start - zone.offset(start)) / DAY);
    return plural(days, "day");
  }
  if (zone.isDayStart(start) && zone.isDayStart(end)) return plural(zone.days(start, end).length - 1, "day");
  return amount(end - start);
}

/** "3 min ago", "5 h ago", "12 days ago", "just now" */
export function ago(seconds) {
  if (seconds < 90) return "just now";
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min ago`;
  const hours = Math.round(seconds / 3600);
  return hours < 48 ? `${hours} h ago` : `${number(Math.round(seconds / DAY))} days ago`;
}

/** The share of a part, rounded down to a tenth; "100 %" is the whole and nothing less, "0 %" is none, "–" is of nothing. */
export function percent(part, whole) {
  if (whole <= 0) return "–";
  if (part >= whole) return `100${THIN}%`;
  if (part <= 0) return `0${THIN}%`;
  return `${Math.min(99.9, Math.max(0.1, Math.floor((part / whole) * 1000 + 1e-9) / 10)).toFixed(1)}${THIN}%`;
}

/** "a", "a and b", "a, b and 3 more" */
export function some(names, most) {
  if (names.length <= 1) return names.join("");
  if (names.length <= most) return `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
  return `${names.slice(0, most).join(", ")} and ${names.length - most} more`;
}

/** An account's status, as Postpress names it, in words. */
export function status(name) {
  const words = {
    OK: "Connected",
    RECONNECTED: "Reconnected",
    SYNC_SUCCESS: "Synced by Postpress",
    CREATION_SUCCESS: "Added",
    CREATED: "Added",
    CREDENTIALS: "Needs to sign in again",
    PERMISSIONS: "Permissions are missing",
    ERROR: "Stopped with an error",
    STOPPED: "Stopped",
    CONNECTING: "Connecting",
    DELETED: "Deleted",
  };
  return Object.hasOwn(words, name) ? words[name] : name;
}
