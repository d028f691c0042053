// Columns of numbers made ready for a chart.

const GAP_FACTOR = 6;

/**
 * Break lines where measurements are missing: a line across a gap would claim data.
 * @param {number[]} time unix seconds, rising
 * @param {(number | null)[][]} columns each as long as `time`
 * @returns {[number[], ...(number | null)[][]]} the same with a null in each gap
 */
export function brokenAtGaps(time, columns) {
  const steps = time.slice(1).map((value, i) => value - time[i]).sort((a, b) => a - b);
  const usual = steps[Math.floor(steps.length / 2)] ?? Infinity;
  /** @type {number[]} */
  const newTime = [];
  const newColumns = columns.map(() => /** @type {(number | null)[]} */ ([]));
  time.forEach((value, i) => {
    if (i > 0 && value - time[i - 1] > GAP_FACTOR * usual) {
      newTime.push((value + time[i - 1]) / 2);
      newColumns.forEach((column) => column.push(null));
    }
    newTime.push(value);
    newColumns.forEach((column, k) => column.push(columns[k][i] ?? null));
  });
  return [newTime, ...newColumns];
}

/**
 * Read a trace off its own axis onto another one, linearly; null outside of it.
 * @param {number[]} axis rising
 * @param {number[]} values
 * @param {number[]} wanted rising
 * @returns {(number | null)[]}
 */
export function interpolated(axis, values, wanted) {
  let i = 0;
  return wanted.map((x) => {
    while (i < axis.length - 2 && axis[i + 1] < x) i += 1;
    const [left, right] = [axis[i], axis[i + 1]];
    if (right === undefined || x < left || x > right) return x === left ? values[i] : null;
    const weight = right === left ? 0 : (x - left) / (right - left);
    return values[i] + weight * (values[i + 1] - values[i]);
  });
}

/**
 * @param {(number | null)[]} values
 * @returns {number | null} their median, null for none
 */
export function median(values) {
  const sorted = values.filter((value) => value !== null).sort((a, b) => a - b);
  return sorted.length ? sorted[Math.floor(sorted.length / 2)] : null;
}
