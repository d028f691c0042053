// Who sits at this browser: logged in, or typed once and offered again.

const KEY = "halowatch-name";

/**
 * Write the name into a field; who has logged in signs with that name alone.
 * @param {HTMLInputElement} input
 */
export function sign(input) {
  const person = document.documentElement.dataset.person;
  input.value = person ?? remembered();
  input.readOnly = person !== undefined;
}

/** @returns {string} the name that was typed last, or nothing */
function remembered() {
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
