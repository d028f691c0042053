// The stream of events and what the page says about it: live, or lost since when.

import { serverNow_ms, startClock, utcWords } from "./clock.js";
import { requestRefresh, startRefreshing } from "./refresh.js";
import { address } from "./requests.js";

const FIRST_RETRY_MS = 1000;
const LAST_RETRY_MS = 15000;
const EVENTS = ["sweep", "diagnosis", "alert", "health"];

const status = { isStreaming: false, isAnswering: true, lostSince_ms: 0 };
let retry_ms = FIRST_RETRY_MS;
/** @type {string | undefined} */
let cavityOfPage;

/**
 * Make the page live.
 * @param {{ cavity?: string }} [options] the one cavity whose sweeps matter to the page
 */
export function startLive({ cavity } = {}) {
  cavityOfPage = cavity;
  startClock();
  startRefreshing((isAnswering) => note({ isAnswering }));
  listen();
  addEventListener("pagehide", () => source?.close());
  addEventListener("pageshow", (event) => {
    if (event.persisted) listen();
  });
}

/** @type {EventSource | undefined} */
let source;

function listen() {
  source = new EventSource(address("/api/v1/stream"));
  source.onopen = () => {
    retry_ms = FIRST_RETRY_MS;
    note({ isStreaming: true });
    requestRefresh(); // whatever happened meanwhile
  };
  source.onerror = () => {
    note({ isStreaming: false });
    requestRefresh(); // tells whether only the stream is gone
    if (source?.readyState !== EventSource.CLOSED) return; // the browser tries again itself
    setTimeout(listen, retry_ms);
    retry_ms = Math.min(2 * retry_ms, LAST_RETRY_MS);
  };
  for (const name of EVENTS) source.addEventListener(name, receive);
}

/** @param {MessageEvent<string>} event */
function receive(event) {
  if (event.type === "health") return;
  const message = JSON.parse(event.data);
  if (event.type === "alert") announce(message);
  else if (cavityOfPage && message.cavity !== cavityOfPage) return;
  requestRefresh();
}

/** @param {{ title: string, severity: string, scope: string, cavity: string | null, state: string }} alert */
function announce(alert) {
  const announcer = document.getElementById("announcer");
  if (!announcer || alert.state !== "active_unacknowledged") return;
  const where = alert.scope === "array" ? "the whole array" : alert.cavity;
  announcer.textContent = `${alert.severity} alert on ${where}: ${alert.title}`;
}

/** @param {{ isStreaming?: boolean, isAnswering?: boolean }} change */
function note(change) {
  const wasWell = status.isStreaming && status.isAnswering;
  Object.assign(status, change);
  const isWell = status.isStreaming && status.isAnswering;
  if (!isWell && (wasWell || status.lostSince_ms === 0)) status.lostSince_ms = serverNow_ms();
  if (isWell) status.lostSince_ms = 0;
  show(isWell);
}

/** @param {boolean} isWell */
function show(isWell) {
  const badge = document.getElementById("connection");
  const banner = document.getElementById("lost");
  if (!badge || !banner) return;
  const since = utcWords(status.lostSince_ms);
  badge.dataset.state = isWell ? "live" : "lost";
  setText(badge.querySelector(".connection-words"), isWell ? "live" : `lost since ${since}`);
  document.documentElement.classList.toggle("is-lost", !status.isAnswering);
  setText(
    banner,
    status.isAnswering
      ? `Event stream lost since ${since}. Values are asked for every 5 s until it returns.`
      : `No answer from the service since ${since}. Everything below is as old as its age says.`,
  );
  banner.hidden = isWell;
}

/**
 * @param {Element | null} element
 * @param {string} words
 */
function setText(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}
