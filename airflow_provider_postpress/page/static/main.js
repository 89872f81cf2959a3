// The page: what is looked at, and what becomes of every click.

import { readAddress, writeAddress } from "./address.js";
import { backfillsPath, keepAddress, lead, runPath } from "./airflow.js";
import { Failure, getCoverage } from "./api.js";
import { byId, h, icon, setAttribute, setText } from "./dom.js";
import { Drawer, isProduct, productName } from "./drawer.js";
import { showKpis } from "./kpis.js";
import { List } from "./list.js";
import { DISCONNECTED, FAILED, FILTERS, MISSING, NAMES, PENDING, SORTS, SYNCED, UNKNOWN, gaps, matches, together, totals, unsynced } from "./model.js";
import { Overview } from "./overview.js";
import { forgetColors, swatch } from "./paint.js";
import { Runs } from "./runs.js";
import { hideToasts, say, toast } from "./speech.js";
import { showState } from "./states.js";
import { currentZone, onZoneChange } from "./timezone.js";
import { ZOOMS, endingAt, inZone, isWhole, spanFor, step, within, zoomOf, zoomTo } from "./view.js";
import { amount, clock, number, plural, span as spanWords, spokenSpan } from "./words.js";

const REFRESH = 60; // seconds between two quiet looks
const INSIST = [0.5, 1, 2, 4]; // seconds before each further try to read what a run has left
const NARROW = matchMedia("(max-width: 1100px)"); // there the drawer covers the list

const address = readAddress(location.search);
const page = {
  zone: currentZone(),
  accounts: new Map(), // id -> account, as the API gives it
  span: null, // what is loaded
  view: null, // what is looked at
  wanted: address.view, // what must be in the span to load; null: the year until today
  totals: new Map(), // id -> totals of the view
  order: [], // ids of the accounts that are listed
  filter: FILTERS.some(({ key }) => key === address.filter) ? address.filter : "all",
  sort: SORTS.some(({ key }) => key === address.sort) ? address.sort : "missing",
  query: address.query,
  product: isProduct(address.product) ? address.product : null,
  products: [],
  open: null, // the id of the account in the drawer
  gap: null, // the gap that is chosen there
  skew: 0, // seconds that the server's clock is ahead of this one
  loadedAt: 0,
};

const now = () => Date.now() / 1000 + page.skew;
const tomorrow = () => page.zone.addDays(now(), 1);

const overview = new Overview(byId("overview"), (view, isSettled) => look(view, { isSettled }));
const list = new List(byId("list"), byId("axis"), (id, gap) => openAccount(id, gap));
const runs = new Runs({ ended: runEnded, looked: (job) => reloadAccount(job.accountId), changed: () => page.span && render({ isSettled: false }) });
const drawer = new Drawer(byId("drawer"), {
  close: closeDrawer,
  choose(gap) {
    page.gap = gap;
    render({ isSettled: false });
    keep();
  },
  started: (job) => runs.add({ ...job, unsynced: left(job) }),
  signedOut: () => leave("signed-out"),
});

// ---- loading

let loading = null;
let hasBegun = false; // accounts were shown once

/** Load all accounts. `isQuiet`: what is shown stays, and a failure is but noted. Gives whether they could be read. */
async function load({ isQuiet = false } = {}) {
  loading?.abort();
  const mine = new AbortController();
  loading = mine;
  if (!isQuiet) showState("loading");
  byId("reload").classList.add("turning");
  try {
    const answer = await getCoverage(spanFor(page.wanted, tomorrow(), page.zone), { product: page.product, signal: mine.signal });
    if (mine.signal.aborted) return false;
    accept(answer);
    return true;
  } catch (error) {
    if (mine.signal.aborted) return false;
    failed(explained(error), isQuiet);
    return false;
  } finally {
    if (loading === mine) byId("reload").classList.remove("turning");
  }
}

// whatever it is, it is told: an outline that waits for ever tells nothing
function explained(error) {
  if (error instanceof Failure) return error;
  console.error(error);
  return new Failure(0, "The page cannot show what it was answered.");
}

function failed(error, isQuiet) {
  if (error.status === 401) leave("signed-out");
  else if (error.status === 403) leave("forbidden");
  else if (isQuiet && page.span) {
    setText(byId("stale"), `${error.message.replace(/[^.?!]$/, "$&.")} Shown is what was known at ${clock(page.loadedAt, page.zone)}.`);
    byId("stale").hidden = false;
  } else leave("error", error.message);
}

/** Show no accounts any more, for what a state tells. What was open is open again when they are back. */
function leave(state, message) {
  const hadFocus = document.activeElement !== document.body;
  drawer.hide();
  suitDrawer();
  hideToasts();
  showState(state, () => load(), message);
  if (hadFocus) byId("state").querySelector("h2").focus();
}

function accept(answer) {
  performance.mark("postpress:accept-begins");
  const before = page.span;
  const opened = JSON.stringify(page.accounts.get(page.open));
  const wasWhole = !page.view || isWhole(page.view, before);
  const wasAtEnd = page.view && before && page.view.to === before.to;
  page.skew = answer.now - Date.now() / 1000;
  page.loadedAt = answer.now;
  page.span = { from: answer.from, to: answer.to };
  page.products = answer.products;
  page.accounts = new Map(answer.accounts.map((account) => [account.id, account]));
  if (page.wanted) page.view = within(page.wanted, page.span, page.zone);
  else if (wasWhole) page.view = { ...page.span };
  else if (wasAtEnd) page.view = within(endingAt(page.view, page.span.to, page.zone), page.span, page.zone);
  else page.view = within(page.view, page.span, page.zone);
  byId("stale").hidden = true;
  list.keepOnly(page.accounts);
  if (!page.accounts.size) {
    closeDrawer();
    leave("empty");
    return;
  }
  showState("ready");
  showNotes(answer.notes);
  showProducts();
  showLegend();
  overview.setData([...page.accounts.values()], page.span, page.zone);
  if (page.open !== null) recall();
  render({});
  if (page.open !== null && JSON.stringify(page.accounts.get(page.open)) !== opened) drawer.load();
  performance.measure("postpress:render", "postpress:accept-begins");
  if (!hasBegun) {
    hasBegun = true;
    performance.measure("postpress:ready");
    if (address.account !== null) openFromAddress();
    if (address.product !== page.product) keep();
    runs.resume();
  }
}

/** Load one account again: its strip, the totals and the drawer change, nothing else. Gives whether it could be read. */
async function reloadAccount(id) {
  try {
    const answer = await getCoverage(page.span, { product: page.product, account: id });
    const fresh = answer.accounts.find((account) => account.id === id);
    if (!fresh || answer.from !== page.span.from || answer.to !== page.span.to) {
      return await load({ isQuiet: true });
    }
    const isSame = JSON.stringify(fresh) === JSON.stringify(page.accounts.get(id));
    if (isSame) return true;
    page.accounts.set(id, fresh);
    overview.setData([...page.accounts.values()], page.span, page.zone);
    if (page.open === id) recall();
    render({ isSettled: false });
    if (page.open === id) drawer.load();
    return true;
  } catch (error) {
    failed(explained(error), true);
    return false;
  }
}

/** The same, not giving up at the first failure: then all is loaded, so that nothing old is left beside it. */
async function insistOn(id) {
  if (await reloadAccount(id)) return true;
  for (const pause of INSIST) {
    if (document.body.dataset.state !== "ready") return false; // signed out, or no longer allowed
    await new Promise((resolve) => setTimeout(resolve, pause * 1000));
    if (await load({ isQuiet: true })) return true;
  }
  return false;
}

// the chosen gap, as it is now: perhaps only a part of it is left
function recall() {
  const account = page.accounts.get(page.open);
  if (!account) {
    closeDrawer();
    return;
  }
  if (!page.gap) return;
  const { start, end } = page.gap;
  const overlap = (gap) => Math.min(gap.end, end) - Math.max(gap.start, start);
  const left = gaps(account.seg, start, end).sort((a, b) => overlap(b) - overlap(a));
  page.gap = left[0] ?? null;
  if (page.gap?.start !== start) keep();
}

// ---- showing

let frame = null;

/** Look at another part of the span. While something is dragged the order stays, and the address. */
function look(view, { isSettled = true } = {}) {
  page.view = view;
  if (!isSettled) {
    frame ??= requestAnimationFrame(() => {
      frame = null;
      zoomed({ isSettled: false });
    });
    return;
  }
  if (frame !== null) cancelAnimationFrame(frame);
  frame = null;
  page.wanted = view.from >= spanFor(null, tomorrow(), page.zone).from ? null : view;
  zoomed({});
  keep();
}

function zoomed(how) {
  performance.mark("postpress:zoom-begins");
  render(how);
  performance.measure("postpress:zoom", "postpress:zoom-begins");
}

function render({ isSettled = true }) {
  const { zone, view, span, accounts } = page;
  page.totals = new Map([...accounts.values()].map((account) => [account.id, totals(account.seg, view.from, view.to)]));
  showHeader();
  const away = [...accounts.values()].filter(({ connected }) => connected === false).map(({ name, id }) => name || id);
  showKpis(byId("kpis"), together(page.totals.values()), away);
  showChips();
  if (isSettled || !page.order.length) arrange();
  overview.setView(view);
  const { most, at } = overview.peak();
  setText(byId("peak"), most ? `, at most ${number(most)}, on ${spanWords(at, zone.addDays(at, 1), zone)}` : ": none");
  list.update(
    page.order.map((id) => ({ account: accounts.get(id), totals: page.totals.get(id) })),
    { view, zone, now: now(), openId: page.open, chosen: page.gap, asked: (id) => runs.windows(id) },
  );
  showNothing();
  showHidden();
  if (page.open !== null) showDrawer();
}

function arrange() {
  const { keeps } = FILTERS.find(({ key }) => key === page.filter);
  const { compare } = SORTS.find(({ key }) => key === page.sort);
  page.order = [...page.accounts.values()]
    .map((account) => ({ account, totals: page.totals.get(account.id) }))
    .filter((item) => keeps(item.totals, item.account) && matches(item.account, page.query))
    .sort(compare)
    .map(({ account }) => account.id);
}

function showHeader() {
  const { zone, span, view, accounts } = page;
  setText(byId("summary"), `${plural(accounts.size, "account")}, ${spanWords(span.from, span.to, zone).replace(" – ", " to ")}, times in ${zone.name}`);
  setText(byId("range"), spanWords(view.from, view.to, zone));
  const pressed = zoomOf(view, span, zone);
  for (const button of byId("zooms").children) setAttribute(button, "aria-pressed", String(button.dataset.zoom === pressed?.key));
  const known = [...accounts.values()].map(({ since }) => since).filter((since) => since !== null);
  byId("earlier").disabled = !known.some((since) => since < view.from);
  byId("later").disabled = view.to >= Math.max(tomorrow(), span.to);
  byId("reload").title = `Updated at ${clock(Math.floor(page.loadedAt / 60) * 60, zone)}`;
}

function showChips() {
  const shown = FILTERS.map((filter) => ({
    ...filter,
    count: [...page.accounts.values()].filter((account) => filter.keeps(page.totals.get(account.id), account)).length,
  })).filter(({ onlyWhenSome, count, key }) => !onlyWhenSome || count > 0 || key === page.filter);
  const box = byId("chips");
  if (box.dataset.keys !== shown.map(({ key }) => key).join()) {
    box.dataset.keys = shown.map(({ key }) => key).join();
    box.replaceChildren(
      ...shown.map(({ key, name }) =>
        h("button", { type: "button", class: "chip", "data-filter": key, onclick: () => narrow({ filter: key }) }, h("span", {}, name), h("span", { class: "count", "aria-hidden": "true" })),
      ),
    );
  }
  shown.forEach(({ key, count }, n) => {
    const chip = box.children[n];
    setAttribute(chip, "aria-pressed", String(key === page.filter));
    setAttribute(chip, "aria-description", plural(count, "account"));
    setText(chip.lastChild, number(count));
  });
}

function showNothing() {
  const box = byId("nothing");
  box.hidden = page.order.length > 0;
  byId("list").hidden = !page.order.length;
  if (page.order.length) return;
  const { name } = FILTERS.find(({ key }) => key === page.filter);
  const looked = [page.query && `“${page.query}”`, page.filter !== "all" && `“${name}” in these days`].filter(Boolean).join(" and ");
  box.replaceChildren(`No account matches ${looked}. `, h("button", { type: "button", class: "more", onclick: showAll }, "Show all accounts"));
}

function showAll() {
  narrow({ filter: "all", query: "" });
  byId("search").focus(); // the button is gone
}

function showHidden() {
  const some = [...page.accounts.values()].filter(({ hidden }) => hidden > 0).length;
  const box = byId("hidden-some");
  box.hidden = !some;
  if (some) {
    box.replaceChildren(icon("hidden"), `${plural(some, "account")} ${some === 1 ? "is" : "are"} partly hidden from you: some syncs were made by DAGs that you may not see. Time without a sync that you can see is called unknown there, and a share is the least that it can be.`);
  }
}

function showNotes(notes) {
  byId("notes").hidden = !notes.length;
  byId("notes")
    .querySelector("ul")
    .replaceChildren(...notes.map((note) => h("li", {}, note)));
}

function showProducts() {
  const box = byId("products");
  const all = ["", ...page.products];
  if (page.product && !all.includes(page.product)) all.push(page.product);
  box.hidden = all.length < 2;
  if (box.dataset.keys !== all.join()) {
    box.dataset.keys = all.join();
    box.replaceChildren(
      ...all.map((product) =>
        h("button", { type: "button", "data-product": product, onclick: () => ofProduct(product || null) }, product ? productName(product) : "All products"),
      ),
    );
  }
  for (const button of box.children) setAttribute(button, "aria-pressed", String(button.dataset.product === (page.product ?? "")));
}

function showLegend() {
  const isSomeUnknown = [...page.accounts.values()].some(({ hidden }) => hidden > 0);
  const kinds = [SYNCED, MISSING, FAILED, DISCONNECTED, ...(isSomeUnknown ? [UNKNOWN] : []), PENDING];
  byId("legend").replaceChildren(
    ...kinds.map((kind) => {
      const canvas = h("canvas", { class: "swatch", "aria-hidden": "true" });
      return h("li", {}, canvas, NAMES[kind]);
    }),
  );
  for (const [n, item] of [...byId("legend").children].entries()) swatch(item.firstChild, kinds[n]);
}

// ---- what is done

function narrow({ filter = page.filter, sort = page.sort, query = page.query }) {
  Object.assign(page, { filter, sort, query });
  if (byId("search").value !== query) byId("search").value = query;
  render({});
  say(`${number(page.order.length)} of ${plural(page.accounts.size, "account")}`);
  keep();
}

// what is chosen before there are accounts counts as soon as they are there
function choose(what) {
  if (page.span) narrow(what);
  else Object.assign(page, what);
}

function goTo(view) {
  const { span, zone } = page;
  const limited = view.to > Math.max(tomorrow(), span.to) ? endingAt(view, tomorrow(), zone) : view;
  say(spokenSpan(limited.from, limited.to, zone));
  if (limited.from >= span.from && limited.to <= span.to) {
    look(limited);
    return;
  }
  page.wanted = limited;
  load({ isQuiet: true }).then(keep);
}

function ofProduct(product) {
  page.product = product;
  showProducts();
  load({ isQuiet: true }).then(() => {
    if (page.open !== null) drawer.load(); // other windows count now
    keep();
  });
}

function openAccount(id, gap) {
  [page.open, page.gap] = [id, gap];
  render({ isSettled: false });
  drawer.focus();
  keep();
}

function openFromAddress() {
  const account = page.accounts.get(address.account);
  if (!account) {
    toast(`No account “${address.account}” is known here, or you may not see it.`, { isBad: true });
    return;
  }
  const all = gaps(account.seg);
  const asked = address.gap ?? null;
  const gap =
    (asked !== null && all.find(({ start, end }) => asked >= start && asked < end)) ||
    (address.view && all.find(({ start, end }) => start === address.view.from && end === address.view.to)) ||
    null;
  openAccount(account.id, gap);
  list.reveal(account.id);
}

function showDrawer() {
  const account = page.accounts.get(page.open);
  if (!account) return;
  const { span, view, zone, gap, product } = page;
  drawer.show({ account, span, view, zone, now: now(), gap, product, job: (one) => runs.of(account.id, one) });
  suitDrawer();
}

// where the drawer covers the list, the list is out of reach
function suitDrawer() {
  const covers = drawer.isOpen && NARROW.matches;
  document.body.classList.toggle("with-drawer", drawer.isOpen);
  byId("main").inert = covers;
  byId("backdrop").hidden = !covers;
}

function closeDrawer() {
  if (page.open === null) return;
  const id = page.open;
  const hadFocus = byId("drawer").contains(document.activeElement) || document.activeElement === document.body;
  [page.open, page.gap] = [null, null];
  drawer.hide();
  suitDrawer();
  if (page.accounts.size) render({ isSettled: false });
  if (hadFocus) list.focusRow(id);
  keep();
}

async function runEnded(job, outcome) {
  const { zone } = page;
  const what = job.kind === "run" ? "run" : "backfill";
  const link = () => lead(h("a", {}, `Open the ${what}`), job.kind === "run" ? runPath(job.dagId, job.id) : backfillsPath(job.dagId));
  if (outcome === "signed-out") {
    leave("signed-out");
    return;
  }
  const isFresh = await insistOn(job.accountId);
  const after = left(job);
  const window = `${spanWords(job.start, job.end, zone)} of ${job.accountName}`;
  if (outcome === "failed") toast(`The ${what} of ${job.dagName} failed: ${window} is not synced.`, { isBad: true, action: link() });
  else if (outcome === "gone") toast(`The ${what} of ${job.dagName} was deleted before it ended.`, { isBad: true });
  else if (outcome === "unknown") toast(`What becomes of the ${what} of ${job.dagName} cannot be seen from here.`, { action: link() });
  else if (!isFresh) toast(`The ${what} of ${job.dagName} has ended; whether ${window} is synced could not be read yet.`, { action: link() });
  else if (after === 0) toast(`Synced: ${window}.`, { action: link() });
  else if (after === null || after < job.unsynced) toast(`The ${what} of ${job.dagName} has ended.${after ? ` ${amount(after)} of ${window} is still not synced.` : ""}`, { action: link() });
  else toast(`The ${what} of ${job.dagName} has ended, but ${window} is still not synced.`, { isBad: true, action: link() });
}

// seconds of a job's window that are not synced; null if that cannot be told
function left(job) {
  const account = page.accounts.get(job.accountId);
  const [start, end] = [Math.max(job.start, page.span.from), Math.min(job.end, page.span.to)];
  return account && end > start ? unsynced(account.seg, start, end) : null;
}

function keep() {
  if (!page.view) return;
  keepAddress(
    writeAddress({
      account: page.open,
      view: isWhole(page.view, page.span) && page.span.to >= tomorrow() ? null : page.view,
      gap: page.gap?.start ?? null,
      product: page.product,
      filter: page.filter,
      sort: page.sort,
      query: page.query,
    }),
  );
}

// ---- controls

function build() {
  byId("zooms").append(
    ...ZOOMS.map((zoom) =>
      h("button", {
        type: "button",
        "data-zoom": zoom.key,
        "aria-pressed": "false",
        textContent: zoom.name,
        onclick: () => page.span && goTo(zoomTo(zoom, page.view, page.span, page.zone, page.gap?.start ?? null)),
      }),
    ),
  );
  byId("earlier").append(icon("earlier"));
  byId("later").append(icon("later"));
  byId("reload").append(icon("reload"));
  byId("earlier").addEventListener("click", () => page.span && goTo(step(page.view, -1, page.zone)));
  byId("later").addEventListener("click", () => page.span && goTo(step(page.view, 1, page.zone)));
  byId("reload").addEventListener("click", async () => {
    await load({ isQuiet: Boolean(page.span) });
    if (document.body.dataset.state !== "ready" || !byId("stale").hidden) return;
    if (page.open !== null) drawer.load();
    say("Up to date");
  });
  byId("search").value = page.query;
  byId("search").addEventListener("input", (event) => choose({ query: event.target.value }));
  byId("sort").append(...SORTS.map(({ key, name }) => h("option", { value: key }, name)));
  byId("sort").value = page.sort;
  byId("sort").addEventListener("change", (event) => choose({ sort: event.target.value }));
  byId("backdrop").addEventListener("click", closeDrawer);
  NARROW.addEventListener("change", suitDrawer);
}

addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  const isTyping = event.target instanceof HTMLInputElement && event.target.type === "search";
  if (event.key === "Escape" && page.open !== null && !(isTyping && event.target.value)) {
    event.preventDefault();
    closeDrawer();
  } else if (event.key === "/" && !isTyping && !byId("main").inert) {
    event.preventDefault();
    byId("search").focus();
  }
});

addEventListener("postpress:theme", () => {
  forgetColors();
  showLegend();
  if (!page.span) return;
  overview.draw();
  render({ isSettled: false });
});

onZoneChange((zone) => {
  const before = page.zone;
  page.zone = zone;
  if (!page.span) return;
  if (page.wanted) page.wanted = inZone(page.wanted, before, zone);
  else if (!isWhole(page.view, page.span)) page.view = within(inZone(page.view, before, zone), page.span, zone);
  overview.setData([...page.accounts.values()], page.span, zone);
  render({});
  load({ isQuiet: true }).then(keep); // the zone's days begin at other times
});

const isDue = () => !document.hidden && page.span && Date.now() / 1000 + page.skew - page.loadedAt >= REFRESH - 1;
setInterval(() => {
  if (isDue() && document.body.dataset.state === "ready") load({ isQuiet: true });
}, REFRESH * 1000);
document.addEventListener("visibilitychange", () => {
  if (isDue() && document.body.dataset.state === "ready") load({ isQuiet: true });
});

build();
load();
