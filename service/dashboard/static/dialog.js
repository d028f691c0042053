// What the forms of the pages share.

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
export const field = (form, name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

/**
 * @param {string} id
 * @param {string} words
 */
export function write(id, words) {
  const place = document.getElementById(id);
  if (place) place.textContent = words;
}

/**
 * @param {string} id of the place for what went wrong
 * @param {string} words empty to hide
 */
export function tell(id, words) {
  write(id, words);
  /** @type {HTMLElement} */ (document.getElementById(id)).hidden = words === "";
}
