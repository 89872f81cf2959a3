// What the page finds in Airflow's interface: a sandboxed frame, a theme on the root with Chakra's variables, a router that
// listens to popstate, and settings in the storage.
const COLORS = {
  light: { bg: "#FFFFFF", "bg-panel": "#FFFFFF", "bg-subtle": "oklch(0.985 0.004 253)", "bg-muted": "oklch(0.955 0.006 253)", "bg-inverted": "oklch(0.23185 0.0323 266.44)", fg: "oklch(0.23185 0.0323 266.44)", "fg-muted": "oklch(0.45 0.055 251)", "fg-inverted": "oklch(0.985 0.004 253)", border: "oklch(0.915 0.01 253)", "border-emphasized": "oklch(0.85 0.016 253)", "brand-solid": "oklch(0.469 0.084 257.657)", "brand-contrast": "white", "brand-subtle": "oklch(0.962 0.012 249.460)", "brand-focus-ring": "oklch(0.324 0.072 260.329)" },
  dark: { bg: "oklch(0.23185 0.0323 266.44)", "bg-panel": "oklch(0.11 0.025 251)", "bg-subtle": "oklch(0.11 0.025 251)", "bg-muted": "oklch(0.18 0.03 251)", "bg-inverted": "#FFFFFF", fg: "oklch(0.985 0.004 253)", "fg-muted": "oklch(0.75 0.025 252)", "fg-inverted": "oklch(0.23185 0.0323 266.44)", border: "oklch(0.28 0.035 251)", "border-emphasized": "oklch(0.35 0.045 251)", "brand-solid": "oklch(0.469 0.084 257.657)", "brand-contrast": "white", "brand-subtle": "oklch(0.259 0.062 265.566)", "brand-focus-ring": "oklch(0.923 0.023 255.082)" },
};
const root = document.documentElement;
const sheet = document.createElement("style");
sheet.textContent = Object.entries(COLORS).map(([theme, colors]) => `.${theme} { color-scheme: ${theme}; ${Object.entries(colors).map(([name, value]) => `--chakra-colors-${name}: ${value};`).join(" ")} --chakra-fonts-body: Inter, sans-serif }`).join("\n");
document.head.append(sheet);
root.className = localStorage.getItem("theme") === "dark" ? "dark" : "light";

window.setTimezone = (name) => {
  localStorage.setItem("timezone", JSON.stringify(name));
  dispatchEvent(new StorageEvent("local-storage", { key: "timezone" }));
};

window.loads = Number(sessionStorage.getItem("loads") ?? 0) + 1;
sessionStorage.setItem("loads", window.loads);
window.isDeaf = false;

function route() {
  const path = location.pathname;
  document.body.replaceChildren();
  if (path.startsWith("/plugin/")) {
    const frame = document.createElement("iframe");
    frame.title = "Postpress coverage";
    frame.setAttribute("sandbox", "allow-scripts allow-same-origin allow-forms allow-downloads");
    frame.src = `/postpress/coverage${location.search}`;
    frame.style.cssText = "border: 0; position: fixed; inset: 0; width: 100%; height: 100%";
    document.body.append(frame);
  } else {
    const heading = document.createElement("h1");
    heading.textContent = `Airflow: ${path}`;
    document.body.append(heading);
  }
}
addEventListener("popstate", () => window.isDeaf || route());
route();
