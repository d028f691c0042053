// Calling a sweep something, beside what the model said, or taking that back.

import { field, tell, write } from "./dialog.js";
import { remember, sign } from "./name.js";
import { requestRefresh } from "./refresh.js";
import { request } from "./requests.js";

const WORDS = ["condition", "component"];
const NUMBER = /^[+-]?(0|[1-9]\d*)(\.\d+)?(e[+-]?\d+)?$/i;

/** Open the form from any button that names a sweep. */
export function startLabelling() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("label-dialog"));
  const form = /** @type {HTMLFormElement} */ (document.getElementById("label-form"));
  let sweep = "";

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-label]") : null;
    if (!(button instanceof HTMLElement)) return;
    const { label = "", subject = "", name, value } = button.dataset;
    sweep = label;
    write("label-title", name === undefined ? "Label the sweep" : "Replace the label");
    write("label-subject", subject);
    tell("label-error", "");
    field(form, "name").value = name ?? "condition";
    field(form, "name").readOnly = name !== undefined;
    field(form, "value").value = value ?? "";
    field(form, "note").value = "";
    /** @type {HTMLElement} */ (document.getElementById("label-take-back")).hidden = name === undefined;
    sign(field(form, "by"));
    dialog.showModal();
    field(form, "value").select();
  });
  document.getElementById("label-cancel")?.addEventListener("click", () => dialog.close());
  document.getElementById("label-take-back")?.addEventListener("click", () => finish(true));
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    finish(false);
  });

  /** @param {boolean} isBack whether the label is taken back */
  async function finish(isBack) {
    const buttons = form.querySelectorAll("button");
    for (const button of buttons) button.disabled = true;
    try {
      await send(sweep, form, isBack);
      dialog.close();
      requestRefresh();
    } catch (error) {
      tell("label-error", /** @type {Error} */ (error).message);
    }
    for (const button of buttons) button.disabled = false;
  }
}

/**
 * @param {string} sweep
 * @param {HTMLFormElement} form
 * @param {boolean} isBack whether the label is taken back
 */
async function send(sweep, form, isBack) {
  const [by, name] = ["by", "name"].map((one) => field(form, one).value.trim());
  if (!by) throw new Error("Give your name: somebody will ask who said so.");
  remember(by);
  const value = isBack ? null : valueOf(name, field(form, "value").value.trim());
  const body = { name, value, by, note: field(form, "note").value.trim() || null };
  await request(`/api/v1/sweeps/${encodeURIComponent(sweep)}/labels`, { method: "POST", body });
}

/**
 * A number is one where it is written as one; 0427 is the name of a part.
 * @param {string} name
 * @param {string} text
 * @returns {string | number}
 */
export function valueOf(name, text) {
  return NUMBER.test(text) && !WORDS.includes(name) ? Number(text) : text;
}
