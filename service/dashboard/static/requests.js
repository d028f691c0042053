// Calls to the service, with one clear sentence when one fails.

const DEADLINE_MS = 10000;

/**
 * @param {string} path absolute path within the application
 * @returns {string} the same under the prefix where the application is mounted
 */
export function address(path) {
  return (document.documentElement.dataset.root ?? "") + path;
}

/**
 * @param {string} path
 * @param {{ method?: string, body?: unknown }} [options]
 * @returns {Promise<any>} the JSON answer
 * @throws {Error} whose message may be shown to a person
 */
export async function request(path, { method = "GET", body } = {}) {
  let response;
  try {
    response = await fetch(address(path), {
      method,
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-Halowatch": "page" },
      body: body === undefined ? undefined : JSON.stringify(body),
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
  } catch {
    throw new Error("The service does not answer. Nothing was changed; try again.");
  }
  if (response.status === 401) location.reload(); // which leads to the log-in
  const answer = await response.json().catch(() => null);
  if (!response.ok) throw new Error(explanation(response.status, answer));
  return answer;
}

/**
 * @param {number} status
 * @param {any} problem a body of `application/problem+json`, or nothing
 * @returns {string}
 */
function explanation(status, problem) {
  const words = problem?.detail ?? problem?.title;
  return typeof words === "string" ? words : `The service answered ${status} without a reason.`;
}
