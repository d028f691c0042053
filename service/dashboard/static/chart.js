// uPlot dressed for this house: colours from the theme, UTC, a readout beside the title.

import { tickWords, written } from "./units.js";

/**
 * @typedef {object} Line
 * @property {string} label
 * @property {string} color name of a custom property, such as "--line-newest"
 * @property {number} [width] in CSS pixels
 * @property {number[]} [dash]
 * @property {boolean} [isEdge] an edge of the band: no line of its own
 */

/**
 * @typedef {object} ChartOptions
 * @property {Line[]} lines
 * @property {boolean} [isTime] the x axis is unix time, else a frequency
 * @property {[number, number]} [band] places of the upper and the lower edge among the columns
 * @property {number} [leastSpan] y is never drawn narrower, so that noise stays small
 * @property {string} [sync] charts of one name share their cursor
 * @property {() => number | null} [mark] x of a vertical mark
 */

const FONT = "12px -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', sans-serif";

/**
 * Resolve a colour of the theme for the canvas, which knows no custom properties.
 * @param {string} name
 * @returns {string}
 */
function color(name) {
  probe.style.color = `var(${name})`;
  return getComputedStyle(probe).color;
}

const probe = document.body.appendChild(document.createElement("span"));
probe.hidden = true;

export class Chart {
  /**
   * @param {string} id of the figure, without its "chart-"
   * @param {ChartOptions} options
   */
  constructor(id, options) {
    this.figure = /** @type {HTMLElement} */ (document.getElementById(`chart-${id}`));
    this.host = /** @type {HTMLElement} */ (this.figure.querySelector(".plot"));
    this.options = options;
    /** @type {any} */
    this.plot = null;
    /** @type {[number, number] | null} */
    this.span = null;
    new ResizeObserver(() => this.#fit()).observe(this.host);
    document.addEventListener("halowatch:theme", () => this.plot?.redraw(false, true));
  }

  /**
   * Show columns; the first is x.
   * @param {(number | null)[][]} columns
   * @param {string} unit of y, as written
   * @param {[number, number]} [span] ends of x, by default those of the data
   */
  show(columns, unit, span) {
    this.span = span ?? null;
    this.#label("[data-unit]", unit);
    this.host.querySelector(".chart-note")?.remove();
    if (this.plot) {
      this.plot.setData(columns);
      return;
    }
    const make = /** @type {any} */ (globalThis).uPlot;
    this.plot = new make(this.#settings(make), columns, this.host);
  }

  /**
   * Say in words why there is nothing to draw.
   * @param {string} words
   */
  tell(words) {
    this.plot?.destroy();
    this.plot = null;
    const note = document.createElement("p");
    note.className = "chart-note";
    note.textContent = words;
    this.host.replaceChildren(note);
    this.#label(".chart-readout", "");
  }

  #fit() {
    const { clientWidth: width, clientHeight: height } = this.host;
    if (this.plot && width > 0) this.plot.setSize({ width, height });
  }

  /**
   * @param {string} selector
   * @param {string} words
   */
  #label(selector, words) {
    const element = this.figure.querySelector(selector);
    if (element) element.textContent = words;
  }

  /** @param {any} make the constructor of uPlot */
  #settings(make) {
    const { lines, isTime = false, band, sync } = this.options;
    const axis = {
      stroke: () => color("--ink-quiet"),
      grid: { stroke: () => color("--grid"), width: 1 },
      ticks: { show: false },
      font: FONT,
    };
    return {
      width: this.host.clientWidth,
      height: this.host.clientHeight,
      legend: { show: false },
      padding: [8, 14, 0, 0],
      tzDate: (/** @type {number} */ s) => make.tzDate(new Date(s * 1000), "Etc/UTC"),
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, ...(sync ? { sync: { key: sync } } : {}) },
      scales: {
        x: { time: isTime, range: (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => this.span ?? [low, high] },
        y: { range: (/** @type {any} */ _, /** @type {number | null} */ low, /** @type {number | null} */ high) => this.#range(low, high) },
      },
      axes: [
        { ...axis, size: 28, gap: 4, space: isTime ? 70 : 50, ...(isTime ? { values: timeTicks } : { values: (/** @type {any} */ _, /** @type {number[]} */ t) => tickWords(t) }) },
        { ...axis, size: 50, gap: 4, space: 26, values: (/** @type {any} */ _, /** @type {number[]} */ t) => tickWords(t) },
      ],
      series: [{}, ...lines.map(lineSettings)],
      bands: band ? [{ series: band, fill: () => color("--band") }] : [],
      hooks: { setCursor: [() => this.#read()], draw: [(/** @type {any} */ u) => this.#drawMark(u)] },
    };
  }

  /**
   * @param {number | null} low
   * @param {number | null} high
   * @returns {[number, number]}
   */
  #range(low, high) {
    if (low === null || high === null) return [0, 1];
    const missing = (this.options.leastSpan ?? 0) - (high - low);
    const pad = Math.max((high - low) * 0.08, missing / 2, Math.abs(high) * 1e-3, 1e-6);
    return [low - pad, high + pad];
  }

  #read() {
    const index = this.plot?.cursor.idx;
    if (index === null || index === undefined) return this.#label(".chart-readout", "");
    const x = this.plot.data[0][index];
    const where = this.options.isTime
      ? new Date(x * 1000).toISOString().slice(11, 19)
      : `${written(x, 4)} GHz`;
    const values = this.options.lines
      .map(({ label }, i) => [label, this.plot.data[i + 1][index]])
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([label, value]) => `${label} ${written(value, 2)}`);
    return this.#label(".chart-readout", [where, ...values].join("  "));
  }

  /** @param {any} u */
  #drawMark(u) {
    const x = this.options.mark?.();
    if (x === null || x === undefined) return;
    const left = u.valToPos(x, "x", true);
    const { left: first, width, top, height } = u.bbox;
    if (left < first || left > first + width) return;
    u.ctx.save();
    u.ctx.strokeStyle = color("--mark");
    u.ctx.lineWidth = devicePixelRatio;
    u.ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
    u.ctx.beginPath();
    u.ctx.moveTo(left, top);
    u.ctx.lineTo(left, top + height);
    u.ctx.stroke();
    u.ctx.restore();
  }
}

/** @param {Line} line */
function lineSettings({ label, color: name, width = 1.5, dash, isEdge = false }) {
  return {
    label,
    stroke: isEdge ? undefined : () => color(name),
    width: isEdge ? 0 : width,
    dash,
    points: isEdge ? { show: false } : { size: 4 },
  };
}

/**
 * @param {any} _
 * @param {number[]} ticks unix seconds
 */
function timeTicks(_, ticks) {
  const isWithinDay = ticks.length < 2 || ticks[1] - ticks[0] < 21600;
  const isFine = ticks.length > 1 && ticks[1] - ticks[0] < 60;
  return ticks.map((tick) => {
    const text = new Date(tick * 1000).toISOString();
    return isWithinDay ? text.slice(11, isFine ? 19 : 16) : text.slice(5, 16).replace("T", " ");
  });
}
