// Calling a sweep the reference, or taking that back.

import { field, tell, write } from "./dialog.js";
import { remember, sign } from "./name.js";
import { requestRefresh } from "./refresh.js";
import { request } from "./requests.js";

/** Open the form from any button that names a sweep. */
export function startReferencing() {
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("reference-dialog"));
  const form = /** @type {HTMLFormElement} */ (document.getElementById("reference-form"));
  let sweep = "";
  let isWithdrawal = false;

  document.addEventListener("click", (event) => {
    const button = event.target instanceof Element ? event.target.closest("[data-reference][type=button]") : null;
    if (!(button instanceof HTMLElement)) return;
    sweep = button.dataset.reference ?? "";
    isWithdrawal = button.dataset.withdraw !== undefined;
    write("reference-title", isWithdrawal ? "Withdraw the reference" : "Take as reference");
    write("reference-submit", isWithdrawal ? "Withdraw" : "Take");
    write("reference-subject", button.dataset.subject ?? "");
    say("", false);
    field(form, "note").value = "";
    field(form, "force").checked = false;
    sign(field(form, "by"));
    dialog.showModal();
    field(form, field(form, "by").value ? "note" : "by").focus();
  });
  document.getElementById("reference-cancel")?.addEventListener("click", () => dialog.close());
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const submit = /** @type {HTMLButtonElement} */ (form.querySelector("[type=submit]"));
    submit.disabled = true;
    try {
      await send(sweep, isWithdrawal, form);
      dialog.close();
    } catch (error) {
      say(/** @type {Error} */ (error).message, !isWithdrawal);
    }
    // A refusal is recorded too, and stands on the page.
    requestRefresh();
    submit.disabled = false;
  });
}

/**
 * @param {string} sweep
 * @param {boolean} isWithdrawal
 * @param {HTMLFormElement} form
 */
async function send(sweep, isWithdrawal, form) {
  const by = field(form, "by").value.trim();
  if (!by) throw new Error("Give your name: somebody will ask who did it.");
  remember(by);
  const body = { by, note: field(form, "note").value.trim() };
  const path = `/api/v1/sweeps/${encodeURIComponent(sweep)}/reference`;
  if (isWithdrawal) await request(`${path}/withdraw`, { method: "POST", body });
  else await request(path, { method: "POST", body: { ...body, force: field(form, "force").checked } });
}

/**
 * @param {string} words empty to hide
 * @param {boolean} mayForce whether the sweep can be taken all the same
 */
function say(words, mayForce) {
  tell("reference-error", words);
  /** @type {HTMLElement} */ (document.getElementById("reference-force")).hidden = !mayForce;
}
