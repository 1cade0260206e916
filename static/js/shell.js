// The frame: rail on small screens, "/" for the search, menus that close, messages that can be put away.
(() => {
  const rail = document.getElementById("rail");
  const railToggle = document.querySelector(".k-nav-toggle");
  const isTyping = (element) => element?.closest("input, textarea, select, [contenteditable=true]");

  const setRail = (open, moveFocus = true) => {
    if (!rail || !railToggle) return;
    rail.classList.toggle("is-open", open);
    railToggle.setAttribute("aria-expanded", String(open));
    if (moveFocus) (open ? rail.querySelector("a, button") : railToggle).focus();
  };
  const railIsOpen = () => rail?.classList.contains("is-open");
  const openMenus = () => document.querySelectorAll("details.k-menu[open]");

  document.addEventListener("click", (event) => {
    if (event.target.closest(".k-nav-toggle")) return setRail(true);
    if (railIsOpen() && (event.target.closest(".k-rail-close") || !event.target.closest("#rail"))) setRail(false);
    for (const menu of openMenus()) if (!menu.contains(event.target)) menu.open = false;
    event.target.closest("[data-dismiss]")?.closest(".k-message")?.remove();
    const filterToggle = event.target.closest(".k-filter-toggle");
    if (filterToggle) {
      const fields = document.getElementById(filterToggle.getAttribute("aria-controls"));
      filterToggle.setAttribute("aria-expanded", String(fields.classList.toggle("is-open")));
    }
  });

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      if (railIsOpen()) setRail(false);
      for (const menu of openMenus()) {
        menu.open = false;
        menu.querySelector("summary").focus();
      }
    }
    if (event.key === "/" && !event.ctrlKey && !event.metaKey && !event.altKey && !isTyping(event.target)) {
      const search = document.getElementById("search");
      if (!search) return;
      event.preventDefault();
      search.focus();
      search.select();
    }
  });

  // Leaving a menu or the rail with the keyboard closes it.
  document.addEventListener("focusin", (event) => {
    if (railIsOpen() && !rail.contains(event.target)) setRail(false, false);
    // A click on plain text in a menu gives the focus to what lies around the menu: that is no leaving.
    for (const menu of openMenus()) if (!menu.contains(event.target) && !event.target.contains(menu)) menu.open = false;
  });

  // On a narrow screen the tabs scroll sideways: the open one is in sight.
  for (const tab of document.querySelectorAll(".k-tab[aria-current]")) {
    const list = tab.closest(".k-tabs");
    list.scrollLeft = tab.offsetLeft - (list.clientWidth - tab.offsetWidth) / 2;
  }

  document.addEventListener("change", (event) => {
    event.target.closest("form[data-submit-on-change]")?.requestSubmit();
  });
})();
