// The page's address: what is looked at, so that it can be shared, reloaded and come back to. Pure.

const EARLIEST = Date.UTC(2000) / 1000; // before and after these, an address is not taken at its word: no messenger was
const LATEST = Date.UTC(2100) / 1000; // there yet, and centuries of days are too many to show

/** An instant of an address, in epoch seconds: seconds, or ISO 8601 (UTC where it does not say); null if it is neither, or far away. */
export function instant(text) {
  const at = secondsOf(text);
  return at !== null && at >= EARLIEST && at < LATEST ? at : null;
}

function secondsOf(text) {
  if (text === null || text === undefined || text === "") return null;
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text);
  const hasZone = /(Z|[+-]\d\d:?\d\d)$/i.test(text);
  const at = Date.parse(/T/.test(text) && !hasZone ? `${text}Z` : text);
  return Number.isNaN(at) ? null : at / 1000;
}

/** What an address asks for. */
export function readAddress(search) {
  const given = new URLSearchParams(search);
  const [from, to] = [instant(given.get("from")), instant(given.get("to"))];
  return {
    account: given.get("account"),
    view: from !== null && to !== null && to > from ? { from, to } : null,
    gap: instant(given.get("gap")),
    product: given.get("product"),
    filter: given.get("show"),
    sort: given.get("sort"),
    query: given.get("q") ?? "",
  };
}

/** The address of what is looked at; what is as ever is left out. */
export function writeAddress({ account, view, gap, product, filter, sort, query }) {
  const search = new URLSearchParams();
  if (account !== null) search.set("account", account);
  if (view) {
    search.set("from", isoOf(view.from));
    search.set("to", isoOf(view.to));
  }
  if (gap !== null) search.set("gap", isoOf(gap));
  if (product) search.set("product", product);
  if (filter !== "all") search.set("show", filter);
  if (sort !== "missing") search.set("sort", sort);
  if (query) search.set("q", query);
  const text = search.toString().replaceAll("%3A", ":");
  return text ? `?${text}` : "";
}

const isoOf = (seconds) => new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
