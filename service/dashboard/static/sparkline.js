// The last hour of a number as a small drawing on its tile.

import { serverNow_ms } from "./clock.js";
import { address } from "./requests.js";
import { brokenAtGaps } from "./series.js";

const SPAN_S = 3600;
const POINTS = 80;
const PERIOD_MS = 10000;
const WIDTH = 100;
const HEIGHT = 24;
const SVG = "http://www.w3.org/2000/svg";

/** Draw the sparklines of all tiles, now and every few seconds. */
export function startSparklines() {
  const drawAll = async () => {
    const hosts = /** @type {NodeListOf<HTMLElement>} */ (document.querySelectorAll(".sparks"));
    if (!document.hidden) await Promise.all([...hosts].map(drawCavity));
    setTimeout(drawAll, PERIOD_MS);
  };
  drawAll();
}

/** @param {HTMLElement} host */
async function drawCavity(host) {
  const to_ms = serverNow_ms();
  const query = new URLSearchParams({
    from: new Date(to_ms - SPAN_S * 1000).toISOString(),
    to: new Date(to_ms).toISOString(),
    points: String(POINTS),
  });
  const cavity = encodeURIComponent(host.dataset.cavity ?? "");
  try {
    const response = await fetch(address(`/api/v1/cavities/${cavity}/trends?${query}`));
    if (!response.ok) return;
    const trends = await response.json();
    for (const figure of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll(".spark"))) {
      draw(figure, trends[figure.dataset.trend ?? ""], to_ms / 1000);
    }
  } catch {
    // the drawing stays as it is; the page says by itself when the service is away
  }
}

/**
 * @param {HTMLElement} figure
 * @param {{ time: number[], median?: (number | null)[], value?: (number | null)[], p05?: (number | null)[], p95?: (number | null)[] } | undefined} trend
 * @param {number} to_s
 */
function draw(figure, trend, to_s) {
  const values = trend?.median ?? trend?.value;
  const known = (values ?? []).filter((value) => value !== null);
  if (!trend || !values || known.length < 2) return;
  const from_s = Math.min(trend.time[0], to_s - 60);
  const [low, high] = extent([...known, ...(trend.p05 ?? []), ...(trend.p95 ?? [])]);
  const x = (/** @type {number} */ time) => (WIDTH * (time - from_s)) / (to_s - from_s);
  const y = (/** @type {number} */ value) => HEIGHT - 1 - ((HEIGHT - 2) * (value - low)) / (high - low);
  const [time, line] = brokenAtGaps(trend.time, [values]);
  const paths = [path("spark-line", outline(time, line, x, y))];
  if (trend.p05 && trend.p95) {
    const [, ...edges] = brokenAtGaps(trend.time, [trend.p95, trend.p05]);
    paths.unshift(path("spark-band", band(time, edges, x, y)));
  }
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
  svg.setAttribute("preserveAspectRatio", "none");
  svg.setAttribute("aria-hidden", "true");
  svg.append(...paths);
  figure.querySelector("svg")?.remove();
  figure.append(svg);
  figure.dataset.span = spanWords(to_s - from_s);
}

/**
 * The drawn range holds the whole band, so that noise does not look like news.
 * @param {(number | null)[]} values
 * @returns {[number, number]}
 */
function extent(values) {
  const known = values.filter((value) => value !== null);
  const [low, high] = [Math.min(...known), Math.max(...known)];
  return high > low ? [low, high] : [low - 1, high + 1];
}

/**
 * @param {number[]} time
 * @param {(number | null)[]} values
 * @param {(time: number) => number} x
 * @param {(value: number) => number} y
 * @returns {string}
 */
function outline(time, values, x, y) {
  let isOpen = false;
  let text = "";
  values.forEach((value, i) => {
    if (value === null) {
      isOpen = false;
      return;
    }
    text += `${isOpen ? "L" : "M"}${x(time[i]).toFixed(2)} ${y(value).toFixed(2)}`;
    isOpen = true;
  });
  return text;
}

/**
 * @param {number[]} time
 * @param {(number | null)[][]} edges upper and lower
 * @param {(time: number) => number} x
 * @param {(value: number) => number} y
 * @returns {string} one closed shape for each stretch without a gap
 */
function band(time, [upper, lower], x, y) {
  let text = "";
  let there = "";
  let back = "";
  const close = () => {
    if (there) text += `M${there.slice(1)}${back}Z`;
    there = back = "";
  };
  time.forEach((moment, i) => {
    const [high, low] = [upper[i], lower[i]];
    if (high === null || low === null) return close();
    there += `L${x(moment).toFixed(2)} ${y(high).toFixed(2)}`;
    back = `L${x(moment).toFixed(2)} ${y(low).toFixed(2)}${back}`;
  });
  close();
  return text;
}

/**
 * @param {string} name
 * @param {string} drawing
 */
function path(name, drawing) {
  const element = document.createElementNS(SVG, "path");
  element.setAttribute("class", name);
  element.setAttribute("d", drawing);
  return element;
}

/** @param {number} seconds */
function spanWords(seconds) {
  return seconds >= 3480 ? "1 h" : `${Math.max(1, Math.round(seconds / 60))} min`;
}
