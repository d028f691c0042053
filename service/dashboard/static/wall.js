// The array wall.

import { startLive } from "./live.js";
import { startSparklines } from "./sparkline.js";

startLive();
startSparklines();
