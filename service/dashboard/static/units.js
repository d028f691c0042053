// Prefixes and digits for charts. The figures in the text are written by the server.

/** @typedef {{ symbol: string, smallest: number, largest: number }} Unit */

/** @type {Record<"kelvin" | "tesla" | "hertz" | "number", Unit>} */
export const UNITS = {
  kelvin: { symbol: "K", smallest: -3, largest: 0 },
  tesla: { symbol: "T", smallest: -6, largest: 0 },
  hertz: { symbol: "Hz", smallest: 0, largest: 9 },
  number: { symbol: "", smallest: 0, largest: 0 },
};

const PREFIXES = new Map([[9, "G"], [6, "M"], [3, "k"], [0, ""], [-3, "m"], [-6, "µ"]]);

/**
 * Choose the prefix that suits a magnitude.
 * @param {number} magnitude in the SI unit
 * @param {Unit} unit
 * @returns {{ scale: number, label: string }} factor from SI, and the unit as written
 */
export function prefixed(magnitude, unit) {
  const wanted = magnitude > 0 ? 3 * Math.floor(Math.log10(magnitude) / 3) : unit.smallest;
  const exponent = Math.min(Math.max(wanted, unit.smallest), unit.largest);
  return { scale: 10 ** -exponent, label: PREFIXES.get(exponent) + unit.symbol };
}

/**
 * @param {ArrayLike<number | null>} values
 * @returns {number} the greatest magnitude among them, 0 for none
 */
export function greatest(values) {
  let found = 0;
  for (let i = 0; i < values.length; i += 1) found = Math.max(found, Math.abs(values[i] ?? 0));
  return found;
}

/**
 * Write a number with a true minus sign.
 * @param {number} value
 * @param {number} decimals
 * @returns {string}
 */
export function written(value, decimals) {
  const text = value.toFixed(decimals);
  return /[1-9]/.test(text) ? text.replace("-", "−") : text.replace("-", "");
}

/**
 * Write the ticks of an axis with as many decimals as their distance needs.
 * @param {number[]} ticks
 * @returns {string[]}
 */
export function tickWords(ticks) {
  const step = ticks.length > 1 ? Math.abs(ticks[1] - ticks[0]) : 1;
  let decimals = 0;
  while (decimals < 6 && Math.abs(step * 10 ** decimals - Math.round(step * 10 ** decimals)) > 1e-6) {
    decimals += 1;
  }
  return ticks.map((tick) => written(tick, decimals));
}
