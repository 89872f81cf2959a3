// The foot of the drawer: how a gap is filled, what that will do, and the start of it.

import { Failure, getDags, startBackfill, startRun } from "./api.js";
import { backfillsPath, dagPath, lead, runPath } from "./airflow.js";
import { h } from "./dom.js";
import { KINDS, NAMES, stretch } from "./model.js";
import { toast } from "./speech.js";
import { duration, number, plural, span as spanWords } from "./words.js";

export class Fill {
  element = h("section", { class: "fill", "aria-label": "Fill this gap", hidden: true });
  #given = null; // {account, gap, zone, job, seg}
  #dags = null;
  #failure = null;
  #chosen = new Map(); // account id -> the DAG that was chosen last
  #asking = null;
  #isBusy = false;
  #whole = false;
  #refused = null;
  #lostFocus = null;
  #started;
  #signedOut;

  /** `started(job)` is called when a run was started; `signedOut()` when the session has ended. */
  constructor({ started, signedOut }) {
    this.#started = started;
    this.#signedOut = signedOut;
  }

  /** Offer to fill a gap of an account: {account, gap, zone, seg, job}; null for nothing. */
  show(given) {
    const before = this.#given;
    this.#given = given;
    this.element.hidden = !given;
    if (!given) {
      this.#asking?.abort();
      return;
    }
    const same = before && before.account.id === given.account.id && before.gap.start === given.gap.start && before.gap.end === given.gap.end;
    if (!same) {
      [this.#whole, this.#refused, this.#lostFocus] = [false, null, null];
      this.#load();
    } else this.#render();
  }

  // what is to be synced: the gap, or the whole stretch that it is part of
  #window() {
    const { gap, seg } = this.#given;
    return this.#whole ? stretch(seg, gap) : { start: gap.start, end: gap.end };
  }

  async #load() {
    this.#asking?.abort();
    const asking = new AbortController();
    this.#asking = asking;
    [this.#dags, this.#failure] = [null, null];
    this.#render();
    try {
      const { dags } = await getDags(this.#given.account.id, this.#window(), { signal: asking.signal });
      if (asking.signal.aborted) return;
      this.#dags = dags;
    } catch (error) {
      if (asking.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      if (error.status === 401) {
        this.#signedOut();
        return;
      }
      this.#failure = error;
    }
    this.#render();
  }

  #dag() {
    const wanted = this.#chosen.get(this.#given.account.id);
    return this.#dags.find(({ id }) => id === wanted) ?? this.#dags[0];
  }

  #render() {
    const kept = this.element.contains(document.activeElement) ? document.activeElement.dataset.key : document.activeElement === document.body ? this.#lostFocus : null;
    const { gap, zone, seg, account } = this.#given;
    const window = this.#window();
    const all = stretch(seg, gap);
    const isPart = all.start !== gap.start || all.end !== gap.end;
    this.element.replaceChildren(
      h(
        "p",
        { class: "what" },
        h("span", { class: `dot ${KINDS[gap.kind]}` }),
        h("strong", {}, `${NAMES[gap.kind]}, ${spanWords(window.start, window.end, zone)}`),
        h("span", { class: "long" }, duration(window.start, window.end, zone)),
      ),
      ...(isPart ? [this.#wholeSwitch(all)] : []),
      ...this.#others(),
      ...(this.#failure ? this.#failed() : this.#dags === null ? [h("p", { class: "hint", role: "status" }, "Looking for DAGs that can fill it…")] : this.#offer(account)),
    );
    if (kept) this.#focus(kept);
  }

  // back to where the focus was; while a run is under way the link to it is all there is
  #focus(key) {
    const same = this.element.querySelector(`[data-key="${key}"]`);
    const target = same && !same.disabled ? same : (this.element.querySelector("[data-key=job]") ?? this.element.querySelector("select:enabled, button:enabled, a"));
    this.#lostFocus = target ? null : key; // all are disabled for the moment
    target?.focus({ preventScroll: true });
  }

  #wholeSwitch(all) {
    const { zone } = this.#given;
    const box = h("input", {
      type: "checkbox",
      "data-key": "whole",
      checked: this.#whole,
      onchange: () => {
        this.#whole = box.checked;
        this.#load();
      },
    });
    return h("label", { class: "stretch" }, box, ` With the gaps around it: ${spanWords(all.start, all.end, zone)}`);
  }

  // a sync that somebody else started; one of this page's own is told of by its job
  #others() {
    const { account, job } = this.#given;
    const window = this.#window();
    const isSyncing = account.syncing.some(([start, end]) => start < window.end && end > window.start);
    return isSyncing && !job ? [h("p", { class: "hint others" }, h("span", { class: "spinner", "aria-hidden": "true" }), "A sync of this time is under way.")] : [];
  }

  #failed() {
    const words = this.#failure.status === 403 ? "You may look, but not start runs." : `The DAGs could not be read: ${this.#failure.message}`;
    return [
      h("p", { class: "hint" }, words),
      ...(this.#failure.status === 403 ? [] : [h("button", { type: "button", class: "button", "data-key": "again", onclick: () => this.#load() }, "Try again")]),
    ];
  }

  #offer(account) {
    if (!this.#dags.length) {
      return [
        h("p", { class: "hint" }, h("strong", {}, "You may look, but not start runs.")),
        h("p", { class: "hint" }, "No DAG that you may run has synced this account or has the tag “postpress”. Somebody with the right to run one can fill this gap."),
      ];
    }
    const dag = this.#dag();
    const { job, zone } = this.#given;
    // a run that is queued may stay so for long: another DAG may be quicker
    const isQueued = job?.state === "queued";
    const isLocked = this.#isBusy || Boolean(job && !(isQueued && job.dagId !== dag.id));
    const choice = h(
      "select",
      {
        "aria-label": "DAG",
        "data-key": "dag",
        disabled: this.#isBusy || Boolean(job && !isQueued),
        onchange: () => {
          this.#chosen.set(account.id, choice.value);
          this.#refused = null;
          this.#render();
        },
      },
      this.#dags.map(({ id, name, paused }) => h("option", { value: id }, `${name}${paused ? " (paused)" : ""}`)),
    );
    choice.value = dag.id;
    return [
      h(
        "div",
        { class: "act" },
        choice,
        h(
          "button",
          { type: "button", class: "button", "data-key": "backfill", disabled: isLocked || !dag.backfill, "aria-describedby": "fill-words", onclick: () => this.#start("backfill", dag) },
          dag.backfill ? `Backfill (${plural(dag.backfill.runs, "run")})` : "Backfill",
        ),
        h(
          "button",
          { type: "button", class: "button main", "data-key": "sync", disabled: isLocked, "aria-describedby": "fill-words", onclick: () => this.#start("run", dag) },
          "Sync this window",
        ),
      ),
      ...(job ? [h("p", { class: "hint", id: "fill-job" }, this.#underWay(job))] : []),
      ...(isLocked && job ? [] : [h("p", { class: "hint", id: "fill-words" }, this.#words(account, dag, zone))]),
      ...(this.#refused ? [this.#refused()] : []),
    ];
  }

  #underWay(job) {
    const link = job.kind === "backfill" ? ["the backfill", backfillsPath(job.dagId)] : ["the run", runPath(job.dagId, job.id)];
    const since = `since ${new Intl.DateTimeFormat("en-GB", { timeStyle: "short", timeZone: this.#given.zone.name }).format(job.at * 1000)}. `;
    const open = lead(h("a", { "data-key": "job" }, `Open ${link[0]}`), link[1]);
    if (job.state === "queued" && job.paused) {
      return [`A ${job.kind} of ${job.dagName} waits: ${job.dagName} is paused. `, lead(h("a", {}, "Open the DAG"), dagPath(job.dagId)), " ", open];
    }
    return [
      h("span", { class: "spinner", "aria-hidden": "true" }),
      job.state === "queued" ? `A ${job.kind} of ${job.dagName} is queued, ${since}` : `${job.dagName} is at it, ${since}`,
      open,
    ];
  }

  #words(account, dag, zone) {
    const who = account.name || account.id;
    const window = this.#window();
    return [
      h("span", {}, `Sync: one run of ${dag.name} syncs ${spanWords(window.start, window.end, zone)}, for ${who} only. `),
      h(
        "span",
        {},
        dag.backfill
          ? dag.backfill.runs === 1
            ? `Backfill: its scheduled run of that time, again if it ran already, for ${who} only. `
            : `Backfill: its ${number(dag.backfill.runs)} scheduled runs of that time, one after another, again where they ran already, for ${who} only. `
          : dag.schedule
            ? "A backfill of that time is not possible: none of its scheduled runs covers it. "
            : "A backfill is not possible: it has no schedule. ",
      ),
      dag.paused ? h("strong", {}, "It is paused: a run will wait until somebody unpauses it.") : null,
    ];
  }

  async #start(kind, dag) {
    const { account, zone } = this.#given;
    const window = this.#window();
    const who = account.name || account.id;
    this.#isBusy = true;
    this.#refused = null;
    this.#render();
    try {
      const job = { kind, dagId: dag.id, dagName: dag.name, accountId: account.id, accountName: who, ...window, at: Date.now() / 1000, paused: dag.paused };
      if (kind === "run") {
        const note = `Coverage page: ${who}, ${spanWords(window.start, window.end, zone)} (${zone.name})`;
        const run = await startRun(dag.id, account.id, window, note.slice(0, 1000));
        [job.id, job.state] = [run.dag_run_id, run.state];
        toast(`A run of ${dag.name} was started for ${who}.`, { action: lead(h("a", {}, "Open the run"), runPath(dag.id, job.id)) });
      } else {
        const backfill = await startBackfill(dag.id, account.id, dag.backfill);
        [job.id, job.state] = [backfill.id, dag.paused ? "queued" : "running"]; // a backfill tells no state
        toast(`A backfill of ${dag.name} was started for ${who}: ${plural(dag.backfill.runs, "run")}.`, {
          action: lead(h("a", {}, "Open the backfill"), backfillsPath(dag.id)),
        });
      }
      this.#isBusy = false;
      this.#started(job);
    } catch (error) {
      this.#isBusy = false;
      if (!(error instanceof Failure)) throw error;
      if (error.status === 401) this.#signedOut();
      else this.#refuse(kind, dag, error);
    }
    if (this.#given) this.#render();
  }

  #refuse(kind, dag, error) {
    const words = refusal(kind, dag, error);
    const place = whereToLook(kind, dag, error);
    const link = () => place && lead(h("a", {}, place.label), place.path);
    toast(words, { isBad: true, action: link() });
    this.#refused = () => h("p", { class: "refused" }, `${words} `, link());
  }
}

function whereToLook(kind, dag, { status }) {
  if (status === 404) return null;
  if (status === 409 && kind === "backfill") return { label: "Open its backfills", path: backfillsPath(dag.id) };
  return { label: "Open the DAG", path: dagPath(dag.id) };
}

/** Why a run or a backfill was not started, and what to do. */
function refusal(kind, dag, error) {
  const what = kind === "run" ? "The run was not started" : "The backfill was not started";
  switch (error.status) {
    case 403:
      return `${what}: you may look, but not start runs of ${dag.name}.`;
    case 404:
      return `${what}: the DAG ${dag.name} is gone.`;
    case 409:
      return kind === "backfill"
        ? `${what}: one is already running on ${dag.name}, and Airflow runs one at a time on a DAG. Wait for its end, or sync this window instead.`
        : `${what}: Airflow has such a run already. ${error.message}`;
    default:
      return `${what}: ${error.message}`;
  }
}
