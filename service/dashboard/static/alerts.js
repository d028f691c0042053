// The alerts page.

import { startAcknowledging } from "./acknowledge.js";
import { startLive } from "./live.js";

/** A link to an alert of the history opens it. */
function openNamed() {
  const named = document.getElementById(location.hash.slice(1));
  if (named instanceof HTMLDetailsElement) named.open = true;
  named?.scrollIntoView({ block: "center" });
}

startLive();
startAcknowledging();
openNamed();
addEventListener("hashchange", openNamed);
