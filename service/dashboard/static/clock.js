// The server's time on this screen: the UTC clock and the age of every number.

/** Milliseconds to add to the monotonic clock of this page to get the server's time. */
let offset_ms = 0;

/** Learn the server's time from the page that is shown. */
export function learnServerTime() {
  const text = document.getElementById("bar")?.dataset.serverTime;
  if (text) offset_ms = Date.parse(text) - performance.now();
}

/** @returns {number} the server's time in milliseconds since 1970 */
export function serverNow_ms() {
  return performance.now() + offset_ms;
}

/**
 * Write an age with its two leading units, as `wording.age_words` does on the server.
 * @param {number} seconds
 * @returns {string}
 */
export function ageWords(seconds) {
  const whole = Math.floor(seconds);
  const two = (/** @type {number} */ value) => String(value).padStart(2, "0");
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  if (whole < 86400) return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
  return `${Math.floor(whole / 86400)} d ${two(Math.floor((whole % 86400) / 3600))} h`;
}

/**
 * @param {number} time_ms milliseconds since 1970
 * @returns {string} the time of day in UTC
 */
export function utcWords(time_ms) {
  return `${new Date(time_ms).toISOString().slice(11, 19)} UTC`;
}

/** Bring every age on the page up to now; an old number turns grey by itself. */
export function tick() {
  const now_ms = serverNow_ms();
  for (const element of /** @type {NodeListOf<HTMLTimeElement>} */ (
    document.querySelectorAll("time[data-age]")
  )) {
    const age_s = Math.max(0, (now_ms - Date.parse(element.dateTime)) / 1000);
    const { prefix = "", suffix = "", staleAfterS } = element.dataset;
    const words = prefix + ageWords(age_s) + suffix;
    if (element.textContent !== words) element.textContent = words;
    if (staleAfterS) {
      const isOld = age_s > Number(staleAfterS);
      element.classList.toggle("is-old", isOld);
      element.closest(".reading")?.classList.toggle("is-old", isOld);
    }
  }
  const utc = document.querySelector("#utc time");
  if (utc) utc.textContent = utcWords(now_ms).slice(0, 8);
}

/** Start the second hand. */
export function startClock() {
  learnServerTime();
  tick();
  setInterval(tick, 1000);
}
