// What the page says when it cannot show accounts: each state tells what is the matter, and what to do.

import { signIn } from "./airflow.js";
import { byId, h, icon } from "./dom.js";

function fill(sign, title, lines, actions) {
  byId("state").replaceChildren(
    icon(sign),
    h("h2", { tabindex: "-1" }, title),
    ...lines.map((line) => (typeof line === "string" ? h("p", {}, line) : line)),
    ...(actions.length ? [h("p", { class: "actions" }, actions)] : []),
  );
}

const button = (text, onclick) => h("button", { type: "button", class: "button main", onclick }, text);

const PAGES = {
  loading: null,
  ready: null,
  empty: (again) =>
    fill(
      "empty",
      "No account has been synced yet",
      [
        h("p", {}, "This page fills itself: run a DAG with a ", h("code", {}, "PostpressResyncOperator"), ", and the account shows up here with the window that was synced."),
      ],
      [button("Look again", again)],
    ),
  error: (again, message) => fill("trouble", "Coverage could not be loaded", [message], [button("Try again", again)]),
  "signed-out": () => fill("lock", "You are signed out", ["Your session with Airflow has ended. Sign in, and this page comes back as it was."], [button("Sign in", signIn)]),
  forbidden: (again) =>
    fill(
      "lock",
      "You may not see this page",
      ["What is synced is told by Airflow's asset events, and you have no right to read assets. Ask an administrator of this Airflow for it."],
      [button("Try again", again)],
    ),
};

/** Put the page into a state; "ready" and "loading" show the accounts, or their outlines. */
export function showState(state, again = () => {}, message = "") {
  document.body.dataset.state = state;
  const isShown = PAGES[state] !== null;
  byId("state").hidden = !isShown;
  byId("content").hidden = isShown;
  byId("content").setAttribute("aria-busy", String(state === "loading"));
  if (!isShown) return;
  PAGES[state](again, message);
}
