// Airflow's theme, from before the first paint on. In Airflow's frame its own colours and font are taken over, and every
// switch of theme is followed; alone, what is stored decides, then the system. Tells of a change with "postpress:theme".
(() => {
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: dark)");
  const COLORS = [
    "bg", "bg-subtle", "bg-muted", "bg-emphasized", "bg-panel", "bg-inverted", "fg", "fg-muted", "fg-inverted", "border",
    "border-emphasized", "brand-solid", "brand-contrast", "brand-fg", "brand-subtle", "brand-muted", "brand-focus-ring",
  ];

  function hostRoot() {
    try {
      return window.parent === window ? null : window.parent.document.documentElement;
    } catch {
      return null; // framed by somebody else
    }
  }

  function stored() {
    try {
      return localStorage.getItem("theme");
    } catch {
      return null;
    }
  }

  const host = hostRoot();

  function isDark() {
    if (host?.classList.contains("dark")) return true;
    if (host?.classList.contains("light")) return false;
    const wanted = stored();
    return wanted === "dark" || wanted === "light" ? wanted === "dark" : system.matches;
  }

  function apply() {
    root.dataset.theme = isDark() ? "dark" : "light";
    if (host) {
      const theirs = host.ownerDocument.defaultView.getComputedStyle(host);
      for (const name of COLORS) take(theirs, `--chakra-colors-${name}`);
      take(theirs, "--chakra-fonts-body");
    }
    dispatchEvent(new Event("postpress:theme"));
  }

  function take(theirs, name) {
    const value = theirs.getPropertyValue(name).trim();
    if (value) root.style.setProperty(name, value);
    else root.style.removeProperty(name);
  }

  apply();
  // Airflow's stylesheet can come after its class
  if (host) {
    new MutationObserver(apply).observe(host, { attributes: true, attributeFilter: ["class", "style", "data-theme"] });
    addEventListener("load", apply);
  }
  addEventListener("storage", (event) => {
    if (event.key === "theme" || event.key === null) apply();
  });
  system.addEventListener("change", apply);
})();
