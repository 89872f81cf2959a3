// The time zone that is chosen in Airflow's interface, which keeps it in the browser's storage.

import { Zone, zoneName } from "./zone.js";

const KEY = "timezone";

function chosen() {
  try {
    return zoneName(localStorage.getItem(KEY));
  } catch {
    return zoneName(null);
  }
}

/** The zone that is chosen now. */
export const currentZone = () => new Zone(chosen());

/** Call back with the zone whenever another one is chosen: in this frame's Airflow, or in another tab. */
export function onZoneChange(changed) {
  let known = chosen();
  const look = () => {
    const name = chosen();
    if (name === known) return;
    known = name;
    changed(new Zone(name));
  };
  addEventListener("storage", look);
  try {
    if (window.parent !== window) {
      // what Airflow's interface tells itself: storage events do not reach the window that wrote
      window.parent.addEventListener("local-storage", look);
      addEventListener("pagehide", () => window.parent.removeEventListener("local-storage", look));
    }
  } catch {
    // framed by somebody else: the storage event has to do
  }
}
