// Runs that were started from this page, looked at until they end. Kept over a reload of the page.

import { Failure, getBackfill, getDag, getRun } from "./api.js";

const KEY = "postpress:runs";
const PAUSES = [1, 1, 1.5, 2, 3, 5, 8, 10]; // seconds before each look; the last for all that follow
const FAILURES = 12; // looks in a row without an answer, after which one is no longer made
const OUTCOMES = new Set(["success", "failed"]);
const OLDEST = 24 * 3600; // seconds after which a run is forgotten

/**
 * A job: {kind: "run" | "backfill", id, dagId, dagName, accountId, accountName, start, end, at, unsynced, state, paused}:
 * `unsynced` is how many seconds of its window were not synced when it was started, `state` is "queued" until it begins, and
 * `paused` whether its DAG is, which is looked at for as long as it is queued.
 *
 * `looked(job)` is called after each look at a backfill that goes on, `changed()` when jobs or their states are others, and
 * `ended(job, outcome)` once, with "success", "failed",
 * "gone", "unknown" (it cannot be looked at) or "signed-out".
 */
export class Runs {
  #jobs = [];
  #ended;
  #looked;
  #changed;

  constructor({ ended, looked, changed }) {
    this.#ended = ended;
    this.#looked = looked;
    this.#changed = changed;
  }

  /** Take up what was under way before the page was loaded. */
  resume() {
    for (const job of read()) if (Date.now() / 1000 - job.at < OLDEST) this.#follow(job);
  }

  add(job) {
    this.#follow(job);
    this.#write();
  }

  /** The windows [[start, end]] of an account that runs are under way for. */
  windows(accountId) {
    return this.#jobs.filter((job) => job.accountId === accountId).map(({ start, end }) => [start, end]);
  }

  /** The job under way that overlaps a gap, the newest where one did not wait for another; or undefined. */
  of(accountId, gap) {
    return this.#jobs.findLast((job) => job.accountId === accountId && job.start < gap.end && job.end > gap.start);
  }

  async #follow(job) {
    this.#jobs.push(job);
    this.#changed();
    const outcome = await this.#watch(job);
    this.#jobs = this.#jobs.filter((one) => one !== job);
    // signed in again, the page takes it up again
    if (outcome !== "signed-out") this.#write();
    await this.#ended(job, outcome);
    this.#changed();
  }

  async #watch(job) {
    let failures = 0;
    for (let look = 0; ; look++) {
      await pause(PAUSES[Math.min(look, PAUSES.length - 1)]);
      try {
        const before = `${job.state} ${job.paused}`;
        await lookAt(job);
        failures = 0;
        if (OUTCOMES.has(job.state)) return job.state;
        if (`${job.state} ${job.paused}` !== before) {
          this.#write();
          this.#changed();
        }
        if (job.kind === "backfill") this.#looked(job);
      } catch (error) {
        if (!(error instanceof Failure)) throw error;
        if (error.status === 401) return "signed-out";
        if (error.status === 403) return "unknown";
        if (error.status === 404) return "gone";
        failures += 1;
        if (failures >= FAILURES) return "unknown";
      }
    }
  }

  #write() {
    try {
      sessionStorage.setItem(KEY, JSON.stringify(this.#jobs));
    } catch {
      // then they are not known after a reload
    }
  }
}

// a backfill tells but its end: it waits for as long as its DAG is paused
async function lookAt(job) {
  if (job.kind === "run") job.state = (await getRun(job.dagId, job.id)).state;
  else if ((await getBackfill(job.id)).completed_at) job.state = "success";
  if (job.state !== "queued") return;
  job.paused = await isPaused(job);
  if (job.kind === "backfill" && !job.paused) job.state = "running";
}

async function isPaused(job) {
  try {
    return (await getDag(job.dagId)).is_paused;
  } catch (error) {
    if (!(error instanceof Failure) || error.status === 401) throw error;
    return job.paused; // as it was
  }
}

function read() {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY) ?? "[]");
    return Array.isArray(kept) ? kept : [];
  } catch {
    return [];
  }
}

// a page that is not looked at waits with its looks
function pause(seconds) {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", wake);
      resolve();
    };
    const wake = () => {
      if (!document.hidden) done();
    };
    const timer = setTimeout(done, seconds * (document.hidden ? 5000 : 1000));
    document.addEventListener("visibilitychange", wake);
  });
}
