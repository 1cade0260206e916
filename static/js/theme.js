// Runs before the page is drawn, so that a dark page never flashes light.
// The choice is "system" (the default), "light" or "dark"; it is kept in this browser only.
(() => {
  const root = document.documentElement;
  const key = "kam-theme";
  const choices = ["system", "light", "dark"];
  const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

  const stored = () => {
    try {
      const value = localStorage.getItem(key);
      return choices.includes(value) ? value : "system";
    } catch {
      return "system"; // storage may be forbidden
    }
  };
  let choice = stored();

  const apply = () => {
    const dark = choice === "dark" || (choice === "system" && systemIsDark.matches);
    root.dataset.bsTheme = dark ? "dark" : "light";
    root.dataset.themeChoice = choice;
    for (const button of document.querySelectorAll("[data-theme-toggle]")) {
      button.setAttribute("aria-label", `Colour theme: ${choice}`);
      button.title = `Colour theme: ${choice}`;
    }
  };

  root.classList.replace("no-js", "js");
  apply();
  document.addEventListener("DOMContentLoaded", apply);
  systemIsDark.addEventListener("change", apply);
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-theme-toggle]")) return;
    choice = choices[(choices.indexOf(choice) + 1) % choices.length];
    try {
      localStorage.setItem(key, choice);
    } catch {
      // the choice then lasts for this page
    }
    apply();
  });
  // Paper is always light.
  addEventListener("beforeprint", () => (root.dataset.bsTheme = "light"));
  addEventListener("afterprint", apply);
})();
