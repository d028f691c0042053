// Saying that somebody is on it.

import { remember, sign } from "./name.js";
import { requestRefresh } from "./refresh.js";
import { request } from "./requests.js";

/** Open the form from any button that names an alert. */
export function startAcknowledging() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("acknowledge"));
  const form = /** @type {HTMLFormElement} */ (document.getElementById("acknowledge-form"));
  const subject = /** @type {HTMLElement} */ (document.getElementById("acknowledge-subject"));
  let alertId = "";

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-acknowledge]") : null;
    if (!(button instanceof HTMLElement)) return;
    alertId = button.dataset.acknowledge ?? "";
    subject.textContent = button.dataset.title ?? "";
    tell("");
    field(form, "note").value = "";
    sign(field(form, "by"));
    dialog.showModal();
    field(form, field(form, "by").value ? "note" : "by").focus();
  });
  document.getElementById("acknowledge-cancel")?.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    submit.disabled = true;
    try {
      await send(alertId, form);
      dialog.close();
      requestRefresh();
    } catch (error) {
      tell(/** @type {Error} */ (error).message);
    }
    submit.disabled = false;
  });
}

/**
 * @param {string} alertId
 * @param {HTMLFormElement} form
 */
async function send(alertId, form) {
  const by = field(form, "by").value.trim();
  if (!by) throw new Error("Give your name: somebody will ask who is on it.");
  remember(by);
  const body = { by, note: field(form, "note").value.trim(), duration_s: Number(field(form, "duration_s").value) };
  await request(`/api/v1/alerts/${encodeURIComponent(alertId)}/acknowledge`, { method: "POST", body });
}

/**
 * @param {HTMLFormElement} form
 * @param {string} name
 */
const field = (form, name) => /** @type {HTMLInputElement} */ (form.elements.namedItem(name));

/** @param {string} words empty to hide */
function tell(words) {
  const place = /** @type {HTMLElement} */ (document.getElementById("acknowledge-error"));
  place.textContent = words;
  place.hidden = words === "";
}
