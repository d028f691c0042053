// Temperature, field and the mode over a chosen time.

import { Chart } from "./chart.js";
import { serverNow_ms } from "./clock.js";
import { request } from "./requests.js";
import { brokenAtGaps, median } from "./series.js";
import { UNITS, greatest, prefixed } from "./units.js";

const POINTS = 600;
const SHORTEST_MS = 4000;
const LEAST_SPAN_S = 60;
const BAND_LINES = [
  { label: "95 %", color: "--band", isEdge: true },
  { label: "5 %", color: "--band", isEdge: true },
  { label: "median", color: "--line-newest", width: 1.75 },
];
const SIGMA_LINES = [
  { label: "+σ", color: "--band", isEdge: true },
  { label: "−σ", color: "--band", isEdge: true },
  { label: "value", color: "--line-newest", width: 1.75 },
];

/** @typedef {{ time: number[], [column: string]: (number | null)[] }} Trend */

/** @type {Record<string, import("./units.js").Unit>} */
const SHOWN = {
  temperature_k: UNITS.kelvin,
  magnetic_field_tesla: UNITS.tesla,
  resonant_frequency_hz: UNITS.hertz,
  loaded_q: UNITS.number,
  coupling_beta: UNITS.number,
};

/** @param {string} cavity id */
export function startTrends(cavity) {
  const charts = Object.fromEntries(Object.keys(SHOWN).map((name) => [name, new Chart(name, {
    isTime: true, sync: "trends", band: [1, 2],
    lines: name.endsWith("_k") || name.endsWith("_tesla") ? BAND_LINES : SIGMA_LINES,
  })]));
  let span_s = 3600;
  let asked_ms = -Infinity;
  let askedTurn = 0;
  let shownTurn = 0;

  const load = async () => {
    asked_ms = performance.now();
    const wanted_s = span_s;
    const turn = ++askedTurn;
    const to_s = serverNow_ms() / 1000;
    try {
      const trends = await request(`/api/v1/cavities/${encodeURIComponent(cavity)}/trends?${query(to_s, wanted_s)}`);
      // Another range was chosen meanwhile, or a later answer overtook this one.
      if (wanted_s !== span_s || turn < shownTurn) return;
      shownTurn = turn;
      const from_s = Math.max(to_s - wanted_s, beginning_s(trends, to_s));
      for (const name of Object.keys(SHOWN)) show(charts[name], name, trends[name], [from_s, to_s]);
    } catch (error) {
      if (turn < shownTurn) return;
      for (const chart of Object.values(charts)) chart.tell(/** @type {Error} */ (error).message);
    }
  };
  document.addEventListener("halowatch:refreshed", () => {
    if (performance.now() - asked_ms > SHORTEST_MS) load();
  });
  startRanges((chosen_s) => {
    span_s = chosen_s;
    load();
  });
  load();
}

/**
 * @param {number} to_s
 * @param {number} span_s
 */
function query(to_s, span_s) {
  return new URLSearchParams({
    from: new Date((to_s - span_s) * 1000).toISOString(),
    to: new Date(to_s * 1000).toISOString(),
    points: String(POINTS),
  });
}

/**
 * Where the axis begins, as a sparkline's does: a young array fills its charts.
 * @param {Record<string, Trend | undefined>} trends
 * @param {number} to_s
 */
function beginning_s(trends, to_s) {
  const firsts = Object.keys(SHOWN).map((name) => trends[name]?.time[0] ?? Infinity);
  return Math.min(...firsts, to_s - LEAST_SPAN_S);
}

/** @param {(span_s: number) => void} onChoice */
function startRanges(onChoice) {
  const buttons = /** @type {NodeListOf<HTMLButtonElement>} */ (document.querySelectorAll("#ranges button"));
  for (const button of buttons) {
    button.addEventListener("click", () => {
      for (const other of buttons) other.setAttribute("aria-pressed", String(other === button));
      onChoice(Number(button.dataset.rangeS));
    });
  }
}

/**
 * @param {Chart} chart
 * @param {string} name
 * @param {Trend | undefined} trend
 * @param {[number, number]} span unix seconds
 */
function show(chart, name, trend, span) {
  const middle = trend?.median ?? trend?.value ?? [];
  if (!trend || !middle.some((value) => value !== null)) return chart.tell("nothing estimated in this time");
  const [high, low] = edges(trend, middle);
  const zero = name === "resonant_frequency_hz" ? rounded(median(middle) ?? 0) : 0;
  const shifted = [high, low, middle].map((column) => column.map((v) => (v === null ? null : v - zero)));
  const { scale, label } = prefixed(greatest(shifted[2]), SHOWN[name]);
  const scaled = shifted.map((column) => column.map((v) => (v === null ? null : v * scale)));
  const words = zero ? `${label} from ${(zero / 1e9).toFixed(4)} GHz` : label;
  return chart.show(brokenAtGaps(trend.time, scaled), words, span);
}

/**
 * @param {Trend} trend
 * @param {(number | null)[]} middle
 * @returns {[(number | null)[], (number | null)[]]} upper and lower edge of the band
 */
function edges(trend, middle) {
  if (trend.p95 && trend.p05) return [trend.p95, trend.p05];
  const moved = (/** @type {number} */ sign) => middle.map((value, i) => {
    const sigma = trend.sigma?.[i] ?? null;
    return value === null || sigma === null ? null : value + sign * sigma;
  });
  return [moved(1), moved(-1)];
}

/** The nearest tenth of a megahertz, so that the axis counts from a round number. @param {number} frequency_hz */
const rounded = (frequency_hz) => Math.round(frequency_hz / 1e5) * 1e5;
