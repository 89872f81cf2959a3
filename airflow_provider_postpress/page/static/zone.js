// Days of a time zone: when they begin, and what the clock says. Pure. Instants are epoch seconds.

const DAY = 86400;
const QUARTER = 900; // no zone has changed its clock at anything finer since 1972

/** What Airflow's interface keeps under "timezone" (JSON, or plain): the name of a zone that this browser knows. */
export function zoneName(stored) {
  let name = stored;
  try {
    name = JSON.parse(stored);
  } catch {
    // written without quotes
  }
  if (typeof name !== "string" || name === "" || name === "local") name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    new Intl.DateTimeFormat("en", { timeZone: name });
    return name;
  } catch {
    return "UTC";
  }
}

export class Zone {
  #clock;
  #offsets = new Map();

  constructor(name) {
    this.name = name;
    this.#clock = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  }

  /** Seconds that the clock is ahead of UTC at an instant. */
  offset(at) {
    const key = Math.floor(at / QUARTER);
    let offset = this.#offsets.get(key);
    if (offset === undefined) {
      const whole = key * QUARTER;
      const told = {};
      for (const { type, value } of this.#clock.formatToParts(whole * 1000)) told[type] = value;
      const clock = Date.UTC(+told.year, told.month - 1, +told.day, +told.hour, +told.minute, +told.second) / 1000;
      offset = clock - whole;
      this.#offsets.set(key, offset);
    }
    return offset;
  }

  /** What calendar and clock say at an instant; `month` from 1, `weekday` from 0 (Sunday). */
  parts(at) {
    const date = new Date((at + this.offset(at)) * 1000);
    return {
      year: date.getUTCFullYear(),
      month: date.getUTCMonth() + 1,
      day: date.getUTCDate(),
      hour: date.getUTCHours(),
      minute: date.getUTCMinutes(),
      second: date.getUTCSeconds(),
      weekday: date.getUTCDay(),
    };
  }

  /** When a day begins; day and month may run over (month 13 is the next January). A day may begin later than 0:00. */
  startOf(year, month, day) {
    const midnight = Date.UTC(year, month - 1, day) / 1000;
    const before = this.offset(midnight - DAY);
    const after = this.offset(midnight + DAY);
    if (before === after) return midnight - before;
    // the clock changes nearby: the first instant whose date is this one
    let low = midnight - Math.max(before, after) - DAY / 4;
    let high = midnight - Math.min(before, after) + DAY / 4;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (middle + this.offset(middle) >= midnight) high = middle;
      else low = middle;
    }
    return high;
  }

  dayStart(at) {
    const { year, month, day } = this.parts(at);
    return this.startOf(year, month, day);
  }

  isDayStart(at) {
    return this.dayStart(at) === at;
  }

  /** The beginning of the day that is so many days after the one of this instant. */
  addDays(at, days) {
    const { year, month, day } = this.parts(at);
    return this.startOf(year, month, day + days);
  }

  /** The beginnings of the days that touch [from, to), and the end of the last: one more than there are days. */
  days(from, to) {
    const { year, month, day } = this.parts(from);
    const starts = [];
    for (let n = 0; ; n++) {
      starts.push(this.startOf(year, month, day + n));
      if (starts.at(-1) >= to) return starts;
    }
  }

  /** The instant of a time on a clock; where the clock skips it, the instant of the skip; where it comes twice, the first. */
  at(year, month, day, hour, minute = 0) {
    const wanted = Date.UTC(year, month - 1, day, hour, minute) / 1000;
    const offsets = [this.offset(wanted - DAY), this.offset(wanted + DAY)];
    const fitting = offsets.map((offset) => wanted - offset).filter((t) => t + this.offset(t) === wanted);
    if (fitting.length) return Math.min(...fitting);
    let low = wanted - Math.max(...offsets);
    let high = wanted - Math.min(...offsets);
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offset(middle) === offsets[1]) high = middle;
      else low = middle;
    }
    return high;
  }

  /** Whether the clock shows this time twice, because it is put back. */
  isAmbiguous(at) {
    const here = this.offset(at);
    return [this.offset(at - DAY / 4), this.offset(at + DAY / 4)].some((other) => {
      const twin = at + here - other;
      return other !== here && this.offset(twin) === other;
    });
  }

  /** "UTC", "UTC+5:30" */
  offsetName(at) {
    const minutes = Math.round(this.offset(at) / 60);
    if (!minutes) return "UTC";
    const rest = Math.abs(minutes) % 60;
    return `UTC${minutes < 0 ? "−" : "+"}${Math.floor(Math.abs(minutes) / 60)}${rest ? `:${String(rest).padStart(2, "0")}` : ""}`;
  }
}
