// Requests to the page's own API and to Airflow's, and their failures in words.

const here = new URL("./", document.baseURI); // …/postpress/
const airflowRoot = new URL("../", here); // also right where Airflow is served under a path

/** The address of a page or route of Airflow. */
export const airflowUrl = (path) => new URL(path, airflowRoot).href;

/** A request that failed. `status` is 0 where there was no answer. */
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

const OWN_WORDS = {
  401: "You are signed out.",
  403: "You have no permission for this.",
  404: "There is no such thing any more.",
};

const UNREADABLE = "Airflow's answer cannot be read.";

async function ask(url, init = {}) {
  let answer;
  try {
    answer = await fetch(url, { ...init, headers: { Accept: "application/json", ...init.headers }, redirect: "follow" });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Failure(0, "Airflow does not answer. Is the network there, and its API server?");
  }
  if (answer.ok) {
    try {
      return await answer.json();
    } catch {
      // a login page, most likely
      throw new Failure(answer.redirected ? 401 : answer.status, answer.redirected ? OWN_WORDS[401] : UNREADABLE);
    }
  }
  throw new Failure(answer.status, (await detail(answer)) || OWN_WORDS[answer.status] || `Airflow answered ${answer.status}.`);
}

// FastAPI's detail: a sentence, or {reason, message}, or a list of {loc, msg}
async function detail(answer) {
  if (answer.status === 401) return "";
  let told;
  try {
    ({ detail: told } = await answer.json());
  } catch {
    return "";
  }
  if (typeof told === "string") return told;
  if (Array.isArray(told)) return told.map((one) => [one?.loc?.slice(1).join("."), one?.msg].filter(Boolean).join(": ")).join("; ");
  return [told?.message, told?.reason].find((one) => typeof one === "string") ?? "";
}

function query(parameters) {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(parameters)) if (value !== null && value !== undefined && value !== "") search.append(name, value);
  return search;
}

const iso = (seconds) => new Date(seconds * 1000).toISOString();

// an answer with these lists and numbers: whatever is between the page and Airflow may answer something else
async function holding(asked, { lists, numbers = [] }) {
  const answer = await asked;
  const isWhole = lists.every((name) => Array.isArray(answer?.[name])) && numbers.every((name) => Number.isFinite(answer[name]));
  if (!isWhole) throw new Failure(0, UNREADABLE);
  return answer;
}

/** All accounts, or one of them. */
export function getCoverage(span, { product, account, signal } = {}) {
  const url = new URL(`api/coverage?${query({ from: span.from, to: span.to, product, account })}`, here);
  return holding(ask(url, { signal }), { lists: ["accounts", "products", "notes"], numbers: ["from", "to", "now"] });
}

/** One account with its windows and statuses. */
export async function getAccount(id, span, { product, signal } = {}) {
  // browsers take these for steps in the path, encoded or not
  if (id === "." || id === "..") throw new Failure(0, `an account called “${id}” cannot be asked for by its address.`);
  const url = new URL(`api/coverage/${encodeURIComponent(id)}?${query({ from: span.from, to: span.to, product })}`, here);
  return holding(ask(url, { signal }), { lists: ["windows", "statuses"] });
}

/** The DAGs that this user may run and that can fill a gap. */
export function getDags(id, gap, { signal } = {}) {
  const url = new URL(`api/dags?${query({ account: id, start: gap.start, end: gap.end })}`, here);
  return holding(ask(url, { signal }), { lists: ["dags"] });
}

const segment = encodeURIComponent;
const post = (path, body) =>
  ask(airflowUrl(path), { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Start one run that syncs a window of an account. */
export function startRun(dagId, accountId, window, note) {
  return post(`api/v2/dags/${segment(dagId)}/dagRuns`, {
    logical_date: null,
    note,
    conf: {
      postpress_window: { start: iso(window.start), end: iso(window.end) },
      postpress_account_id: accountId,
      account_id: accountId,
    },
  });
}

/** Start a backfill of a DAG's own dates, for one account. */
export function startBackfill(dagId, accountId, dates) {
  return post("api/v2/backfills", {
    dag_id: dagId,
    from_date: dates.from_date,
    to_date: dates.to_date,
    run_backwards: false,
    max_active_runs: 1,
    reprocess_behavior: "completed",
    dag_run_conf: { postpress_account_id: accountId, account_id: accountId },
  });
}

export const getDag = (dagId) => ask(airflowUrl(`api/v2/dags/${segment(dagId)}`));
export const getRun = (dagId, runId) => ask(airflowUrl(`api/v2/dags/${segment(dagId)}/dagRuns/${segment(runId)}`));
export const getBackfill = (id) => ask(airflowUrl(`api/v2/backfills/${segment(id)}`));
