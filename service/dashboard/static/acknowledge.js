// Saying that somebody is on it.

import { field, tell, write } from "./dialog.js";
import { remember, sign } from "./name.js";
import { requestRefresh } from "./refresh.js";
import { request } from "./requests.js";

/** Open the form from any button that names an alert. */
export function startAcknowledging() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("acknowledge"));
  const form = /** @type {HTMLFormElement} */ (document.getElementById("acknowledge-form"));
  let alertId = "";

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-acknowledge]") : null;
    if (!(button instanceof HTMLElement)) return;
    alertId = button.dataset.acknowledge ?? "";
    write("acknowledge-subject", button.dataset.title ?? "");
    tell("acknowledge-error", "");
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
      tell("acknowledge-error", /** @type {Error} */ (error).message);
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
