// A classic script in the head: the theme must stand before the first paint.
(() => {
  const KEY = "halowatch-theme";
  const root = document.documentElement;
  const system = matchMedia("(prefers-color-scheme: light)");

  /** @returns {"dark" | "light"} */
  const current = () =>
    /** @type {"dark" | "light"} */ (root.dataset.theme) || (system.matches ? "light" : "dark");

  const kept = () => {
    try {
      return localStorage.getItem(KEY);
    } catch {
      return null; // storage may be forbidden; the system's choice stands
    }
  };

  const announce = () => {
    const button = document.getElementById("theme");
    const other = current() === "dark" ? "light" : "dark";
    if (button) {
      button.setAttribute("aria-label", `Use the ${other} theme`);
      button.setAttribute("title", `Use the ${other} theme`);
    }
    document.dispatchEvent(new CustomEvent("halowatch:theme"));
  };

  const chosen = kept();
  if (chosen === "dark" || chosen === "light") root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", () => {
    announce();
    document.getElementById("theme")?.addEventListener("click", () => {
      root.dataset.theme = current() === "dark" ? "light" : "dark";
      try {
        localStorage.setItem(KEY, root.dataset.theme);
      } catch {
        // the choice lasts as long as the page
      }
      announce();
    });
  });
  system.addEventListener("change", announce);
})();
