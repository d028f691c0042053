// Who sits at this browser: typed once, offered again.

const KEY = "halowatch-name";

/** @returns {string} the name that was typed last, or nothing */
export function remembered() {
  try {
    return localStorage.getItem(KEY) ?? "";
  } catch {
    return "";
  }
}

/** @param {string} name */
export function remember(name) {
  try {
    localStorage.setItem(KEY, name);
  } catch {
    // storage may be forbidden; the name is typed again next time
  }
}
