// The page follows the server by asking for itself again: what a number looks like is
// written once, in the templates.

import { learnServerTime, tick } from "./clock.js";
import { morph } from "./morph.js";

const SHORTEST_MS = 1000;
const LONGEST_MS = 5000;
const DEADLINE_MS = 8000;
const FOLLOWING = ["bar", "main", "foot"];

/** @type {(isAnswering: boolean) => void} */
let report = () => {};
let next_ms = 0;
let timer = 0;
let isRunning = false;
let isWanted = false;

/**
 * Refresh now and then every few seconds: values grow stale without any event.
 * @param {(isAnswering: boolean) => void} onAnswer told after each attempt
 */
export function startRefreshing(onAnswer) {
  report = onAnswer;
  schedule(LONGEST_MS);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) requestRefresh();
  });
}

/** Ask for a refresh; a burst of events makes one a second. */
export function requestRefresh() {
  // The page under way may have been written before what is asked for came to pass.
  isWanted = isRunning;
  if (!isRunning) scheduleSoon();
}

function scheduleSoon() {
  schedule(Math.max(0, next_ms - performance.now()));
}

/** @param {number} wait_ms */
function schedule(wait_ms) {
  clearTimeout(timer);
  timer = setTimeout(refresh, wait_ms);
}

async function refresh() {
  if (document.hidden) return schedule(LONGEST_MS);
  isRunning = true;
  isWanted = false;
  next_ms = performance.now() + SHORTEST_MS;
  try {
    const response = await fetch(location.pathname + location.search, {
      headers: { Accept: "text/html" },
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    if (response.redirected) return location.reload(); // the session is over: log in
    // A page that says that there is no such cavity is an answer too.
    if (!response.ok && response.status !== 404) throw new Error(`the page answered ${response.status}`);
    show(await response.text());
    report(true);
  } catch {
    report(false); // whatever the reason: what is shown is no longer current
  }
  isRunning = false;
  return isWanted ? scheduleSoon() : schedule(LONGEST_MS);
}

/** @param {string} page */
function show(page) {
  const next = new DOMParser().parseFromString(page, "text/html");
  if (next.body.className !== document.body.className) return location.reload(); // it is another page now
  for (const id of FOLLOWING) {
    const [here, there] = [document.getElementById(id), next.getElementById(id)];
    if (here && there) morph(here, there);
  }
  document.title = next.title;
  learnServerTime();
  tick();
  document.dispatchEvent(new CustomEvent("halowatch:refreshed"));
}
