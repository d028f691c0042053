// The page of one cavity.

import { startLabelling } from "./labels.js";
import { startLive } from "./live.js";
import { startReferencing } from "./reference.js";
import { startSweeps } from "./sweeps.js";
import { startTrends } from "./trends.js";

const page = /** @type {HTMLElement} */ (document.getElementById("cavity"));
const cavity = page.dataset.cavity ?? "";

startLive({ cavity });
startSweeps(page);
startReferencing();
startLabelling();
startTrends(cavity);
