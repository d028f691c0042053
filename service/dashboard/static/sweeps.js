// The newest sweeps of one cavity, over their reference.

import { Chart } from "./chart.js";
import { request } from "./requests.js";
import { interpolated } from "./series.js";

const POINTS = 2001;
const LABEL = "dB over GHz";
const WIDE = ["S21", "S23", "S11"];
const COLORS = ["--line-1", "--line-2", "--line-3"];
const DASHES = [undefined, [7, 3], [2, 3]];

/** @typedef {{ frequency_hz: number[], traces: Record<string, { magnitude_db: number[] }> }} Traces */

/**
 * Keep the charts of the sweeps up to date with the ids that the page names.
 * @param {HTMLElement} page the element which carries the ids
 */
export function startSweeps(page) {
  const wide = WIDE.map((name) => new Chart(name, { sync: "wide", leastSpan: 2, lines: [
    { label: "reference", color: "--line-reference", width: 1.5, dash: [5, 3] },
    { label: "newest", color: "--line-newest", width: 1.75 },
  ] }));
  const difference = new Chart("difference", { sync: "wide", leastSpan: 2, lines: WIDE.map((label, i) =>
    ({ label, color: COLORS[i], dash: DASHES[i] })) });
  const mark = () => Number(page.dataset.resonantFrequencyHz) / 1e9 || null;
  const narrow = ["transmission", "reflection"].map((purpose) => ({ purpose, chart: new Chart(purpose, {
    mark, lines: [{ label: purpose === "transmission" ? "S21" : "S23", color: "--line-newest", width: 1.75 }],
  }) }));

  follow(page, ["wide", "reference"], async ([sweep, reference]) => {
    const [newest, old] = await Promise.all([traces(sweep), reference ? traces(reference) : null]);
    if (newest) showWide(wide, difference, newest, old);
  }, [...wide, difference]);
  for (const { purpose, chart } of narrow) {
    follow(page, [purpose], async ([sweep]) => {
      const newest = await traces(sweep);
      const [trace] = newest ? Object.values(newest.traces) : [];
      if (newest && trace) chart.show([gigahertz(newest), trace.magnitude_db], LABEL);
    }, [chart]);
  }
}

/**
 * Call `load` whenever one of the ids changes, one call at a time.
 * @param {HTMLElement} page
 * @param {string[]} names of the data attributes; the first must stand
 * @param {(ids: string[]) => Promise<void>} load
 * @param {Chart[]} charts which tell why there is nothing
 */
function follow(page, names, load, charts) {
  /** @type {string | null} nothing yet, which is not the same as no id */
  let shown = null;
  let isLoading = false;
  const update = async () => {
    const ids = names.map((name) => page.dataset[name] ?? "");
    if (isLoading || ids.join() === shown) return;
    isLoading = true;
    shown = ids.join();
    try {
      if (ids[0]) await load(ids);
      else charts.forEach((chart) => chart.tell("no sweep yet"));
    } catch (error) {
      charts.forEach((chart) => chart.tell(/** @type {Error} */ (error).message));
      shown = "failed";
    }
    isLoading = false;
    if (shown !== "failed") await update(); // newer ids may have come meanwhile
  };
  document.addEventListener("halowatch:refreshed", update);
  update();
}

/** The last few sweeps, so that the reference is asked for once. @type {Map<string, Traces>} */
const kept = new Map();

/**
 * @param {string} sweep
 * @returns {Promise<Traces>}
 */
async function traces(sweep) {
  const found = kept.get(sweep);
  const path = `/api/v1/sweeps/${encodeURIComponent(sweep)}/traces?points=${POINTS}`;
  const answer = found ?? (await request(path));
  kept.delete(sweep); // the one used last stands last
  kept.set(sweep, answer);
  for (const oldest of [...kept.keys()].slice(0, -4)) kept.delete(oldest);
  return answer;
}

/**
 * @param {Chart[]} charts
 * @param {Chart} difference
 * @param {Traces} newest
 * @param {Traces | null} reference
 */
function showWide(charts, difference, newest, reference) {
  const x = gigahertz(newest);
  const old = WIDE.map((name) => (reference ? onAxis(reference, name, newest.frequency_hz) : null));
  WIDE.forEach((name, i) => {
    const trace = newest.traces[name];
    if (trace) charts[i].show([x, old[i] ?? x.map(() => null), trace.magnitude_db], LABEL);
    else charts[i].tell(`${name} was not measured`);
  });
  if (!reference) return difference.tell("no reference sweep of this thermal cycle");
  return difference.show([x, ...WIDE.map((name, i) => subtracted(newest.traces[name], old[i], x))], LABEL);
}

/** @param {Traces} sweep */
const gigahertz = (sweep) => sweep.frequency_hz.map((frequency_hz) => frequency_hz / 1e9);

/**
 * @param {Traces} sweep
 * @param {string} name
 * @param {number[]} wanted_hz
 */
function onAxis(sweep, name, wanted_hz) {
  const trace = sweep.traces[name];
  return trace ? interpolated(sweep.frequency_hz, trace.magnitude_db, wanted_hz) : null;
}

/**
 * @param {{ magnitude_db: number[] } | undefined} trace
 * @param {(number | null)[] | null} reference
 * @param {number[]} x
 */
function subtracted(trace, reference, x) {
  return x.map((_, i) => {
    const level = reference?.[i];
    return trace && level !== null && level !== undefined ? trace.magnitude_db[i] - level : null;
  });
}
