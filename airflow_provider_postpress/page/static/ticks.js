// The marks of a time axis, at the boundaries of the zone's months, weeks, days and hours. Pure.

import { monthName, weekdayName } from "./words.js";

const DAY = 86400;
const two = (n) => String(n).padStart(2, "0");

// pixels that a label wants
const ROOM = { hour: 54, day: 58, week: 58, month: 42, year: 42 };

// the steps from fine to coarse: how long about, which instants, and what to call them
const STEPS = [
  ...[1, 2, 3, 6, 12].map((hours) => ({ about: hours * 3600, ...hourly(hours) })),
  { about: DAY, unit: "day", from: daily(1), label: dayLabel },
  { about: 2 * DAY, unit: "day", from: daily(2), label: dayLabel },
  { about: 7 * DAY, unit: "week", from: weekly, label: dayLabel },
  ...[1, 2, 3, 6].map((months) => ({ about: months * 30.4 * DAY, unit: "month", from: monthly(months), label: monthLabel })),
  { about: 365 * DAY, unit: "year", from: monthly(12), label: monthLabel },
];

function hourly(hours) {
  return {
    unit: "hour",
    *from(zone, from, to) {
      for (const day of zone.days(from, to)) {
        const { year, month, day: date } = zone.parts(day);
        for (let hour = 0; hour < 24; hour += hours) yield zone.at(year, month, date, hour);
      }
    },
    label(zone, at) {
      const { hour, minute, day, month } = zone.parts(at);
      return hour === 0 && minute === 0 ? `${day} ${monthName(month)}` : `${two(hour)}:${two(minute)}`;
    },
  };
}

function daily(step) {
  return function* (zone, from, to) {
    for (const day of zone.days(from, to)) if (zone.parts(day).day % step === 1 % step) yield day;
  };
}

function* weekly(zone, from, to) {
  for (const day of zone.days(from, to)) if (zone.parts(day).weekday === 1) yield day;
}

function monthly(step) {
  return function* (zone, from, to) {
    const { year, month } = zone.parts(from);
    for (let n = 0; ; n++) {
      const at = zone.startOf(year, month + n, 1);
      if (at >= to) return;
      if ((zone.parts(at).month - 1) % step === 0) yield at;
    }
  };
}

function dayLabel(zone, at, dense) {
  const { day, month, weekday } = zone.parts(at);
  return dense ? `${weekdayName(weekday)} ${day}` : `${day} ${monthName(month)}`;
}

function monthLabel(zone, at) {
  const { month, year } = zone.parts(at);
  return month === 1 ? String(year) : monthName(month);
}

/** Marks {at, label} for [from, to) drawn this wide, with room for their labels. */
export function ticks(zone, from, to, width) {
  const perPixel = (to - from) / Math.max(width, 1);
  const inHours = to - from <= 2.5 * DAY;
  const step = STEPS.find(({ about, unit }) => about / perPixel >= ROOM[unit] && (inHours || unit !== "hour")) ?? STEPS.at(-1);
  const dense = step.unit === "day" && to - from <= 10 * DAY;
  return increasing(step.from(zone, from, to), from, to).map((at) => ({ at, label: step.label(zone, at, dense) }));
}

/** Where a strip is divided: months in a year, days in a quarter, hours in a day; no closer than `apart` pixels. */
export function divisions(zone, from, to, width, apart = 5) {
  const perPixel = (to - from) / Math.max(width, 1);
  const wanted = to - from > 200 * DAY ? "month" : to - from > 2.5 * DAY ? "day" : "hour";
  const step = STEPS.find(({ unit, about }) => unit === wanted && about / perPixel >= apart) ?? STEPS.find(({ about }) => about / perPixel >= apart);
  return step ? increasing(step.from(zone, from, to), from, to) : [];
}

// without what lies outside, and without the hour that the clock skips
function increasing(instants, from, to) {
  const kept = [];
  for (const at of instants) if (at >= from && at < to && (kept.length === 0 || at > kept.at(-1))) kept.push(at);
  return kept;
}
