// Going to pages of Airflow. The frame's sandbox forbids top navigation and new windows, and a plain link would put Airflow
// into the frame: so the host's own router is told. Where that does not help, a link in the host's document is followed.

import { airflowUrl } from "./api.js";

const PATIENCE = 1500; // ms that the host's router has to take this frame away

const isFramed = () => {
  try {
    return window.parent !== window && Boolean(window.parent.document);
  } catch {
    return false;
  }
};

const path = (...segments) => segments.map(encodeURIComponent).join("/");
export const dagPath = (dagId) => path("dags", dagId);
export const runPath = (dagId, runId) => path("dags", dagId, "runs", runId);
export const backfillsPath = (dagId) => path("dags", dagId, "backfills");
export const taskPath = (dagId, runId, taskId, mapIndex) =>
  path("dags", dagId, "runs", runId, "tasks", taskId, ...(mapIndex >= 0 ? ["mapped", mapIndex] : []));

/** Make a link lead into Airflow. Clicks with a modifier stay the browser's: they open a tab. */
export function lead(link, to) {
  link.href = airflowUrl(to);
  link.addEventListener("click", (event) => {
    if (event.button || event.ctrlKey || event.metaKey || event.shiftKey || event.altKey || !isFramed()) return;
    event.preventDefault();
    go(link.href);
  });
  return link;
}

function go(url) {
  const host = window.parent;
  try {
    const state = { idx: (host.history.state?.idx ?? 0) + 1, key: Math.random().toString(36).slice(2, 10), usr: null };
    host.history.pushState(state, "", url);
    host.dispatchEvent(new host.PopStateEvent("popstate", { state }));
  } catch {
    follow(url);
    return;
  }
  // still here: no router took it
  setTimeout(() => follow(url), PATIENCE);
}

// loads the whole page anew
function follow(url) {
  const document = window.parent.document;
  const link = document.createElement("a");
  link.href = url;
  document.body.append(link);
  link.click();
  link.remove();
}

/** Load Airflow anew where it is: it asks to sign in, and comes back. */
export function signIn() {
  if (isFramed()) follow(window.parent.location.href);
  else location.reload();
}

/** Keep the address, the host's too where it holds ours, so that it can be shared, reloaded and come back to. */
export function keepAddress(search) {
  try {
    history.replaceState(history.state, "", location.pathname + search);
    if (!isFramed()) return;
    const host = window.parent;
    if (host.location.pathname.endsWith(location.pathname) && host.location.pathname !== location.pathname) {
      host.history.replaceState(host.history.state, "", host.location.pathname + search);
    }
  } catch {
    // some browsers allow but so many changes in a while: the next one is kept
  }
}
