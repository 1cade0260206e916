// The work of a plan: what is open is remembered in this browser; keys and drags move what buttons move.
(() => {
  const root = () => document.getElementById("work");
  const announcer = document.getElementById("announcer");
  const say = (text) => announcer && (announcer.textContent = text);

  // --- What is open ---------------------------------------------------------------------------
  const key = () => `kam-work-${root()?.dataset.work}`;
  const read = () => {
    try {
      return JSON.parse(localStorage.getItem(key())) || {};
    } catch {
      return {}; // storage may be forbidden
    }
  };
  const remember = (details) => {
    try {
      localStorage.setItem(key(), JSON.stringify({ ...read(), [details.dataset.remember]: details.open }));
    } catch {
      // it then lasts for this page
    }
  };
  const restore = () => {
    if (!root()?.dataset.work) return;
    const asked = new URLSearchParams(location.search).getAll("open");
    for (const [id, open] of Object.entries(read())) {
      const details = document.querySelector(`[data-remember="${CSS.escape(id)}"]`);
      if (details && !asked.includes(id)) details.open = open;
    }
  };
  // By a click, not by the script: what was opened to show a search result says nothing of the reader's wish.
  document.addEventListener("click", (event) => {
    const details = event.target.closest?.("[data-remember] > summary")?.parentElement;
    if (details) setTimeout(() => remember(details));
  });

  // --- Chosen tasks ---------------------------------------------------------------------------
  const boxes = () => [...document.querySelectorAll('#work input[name="task"]')];
  const count = () => {
    const place = document.querySelector("[data-chosen]");
    if (!place) return;
    const chosen = boxes().filter((box) => box.checked).length;
    place.textContent = chosen ? `${chosen} chosen` : "none chosen";
    place.classList.toggle("is-info", chosen > 0);
    place.closest(".k-bulk").classList.toggle("is-needed", chosen > 0);
  };
  document.addEventListener("change", (event) => {
    if (event.target.matches?.('#work input[name="task"]')) count();
  });
  document.addEventListener("click", (event) => {
    const choice = event.target.closest?.("[data-choose]")?.dataset.choose;
    if (!choice) return;
    for (const box of boxes()) box.checked = choice === "all" && box.offsetParent !== null;
    count();
  });

  // --- Keys -----------------------------------------------------------------------------------
  document.addEventListener("keydown", (event) => {
    const row = event.target.closest?.("[data-place], .is-editing");
    if (!row) return;
    if (event.key === "Escape" && row.matches(".is-editing")) return row.querySelector("[data-cancel-row]")?.click();
    if (!event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key) || !row.dataset.place) return;
    event.preventDefault();
    const up = event.key === "ArrowUp";
    if (!(up ? row.previousElementSibling : row.nextElementSibling)) {
      return say(up ? "It is the first already." : "It is the last already.");
    }
    const focused = event.target.id || event.target.closest("[id]").id;
    const selector = event.target.matches("summary") ? `#${CSS.escape(row.id)} summary` : `#${CSS.escape(focused)}`;
    move(row, { move: up ? "up" : "down" }).then(() => {
      say("It was moved.");
      document.querySelector(selector)?.focus();
    });
  });
  const move = (row, values, whole = !row.matches(".k-task")) => {
    const list = row.closest(".k-node-body");
    const target = whole ? "#work" : `#${CSS.escape(list.id)}`;
    const swap = whole ? "outerHTML show:none" : "innerHTML show:none";
    values = { as: "row", next: location.pathname + location.search, ...values };
    return window.htmx.ajax("POST", row.dataset.place, {
      source: document.getElementById("work-form"),
      target,
      swap,
      values,
      ...(whole ? { select: "#work" } : {}),
    });
  };

  // --- Drags ----------------------------------------------------------------------------------
  const animation = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150;
  const dropTask = (event) => {
    const { item, from, to, oldIndex, newIndex } = event;
    if (from === to && oldIndex === newIndex) return;
    move(item, { position: newIndex, action_plan: to.dataset.tasks }, from !== to);
  };
  const dropCard = (event) => {
    const steps = { open: "reopen", in_progress: "start", done: "complete", dropped: "cancel" };
    if (event.from === event.to) return;
    const step = steps[event.to.dataset.column];
    const button = event.item.querySelector(`[data-step="${step}"]`);
    if (button) return button.click();
    event.from.insertBefore(event.item, event.from.children[event.oldIndex] || null);
    say("It cannot be moved there.");
  };
  const prepare = () => {
    if (!window.Sortable) return;
    for (const list of document.querySelectorAll("[data-tasks]:not([data-ready])")) {
      list.dataset.ready = "yes";
      window.Sortable.create(list, {
        group: "tasks",
        handle: ".k-grip",
        draggable: "[data-place]",
        animation,
        ghostClass: "is-dragged",
        onEnd: dropTask,
      });
    }
    for (const list of document.querySelectorAll("[data-column]:not([data-ready])")) {
      list.dataset.ready = "yes";
      window.Sortable.create(list, {
        group: "cards",
        draggable: "[data-card]",
        filter: "a, summary, button",
        preventOnFilter: false,
        delay: 120,
        delayOnTouchOnly: true,
        animation,
        ghostClass: "is-dragged",
        onEnd: dropCard,
      });
    }
  };

  // --- Time line ------------------------------------------------------------------------------
  const scrollToToday = () => {
    const place = document.querySelector("[data-scroll-to-today]");
    const line = place?.querySelector(".c-today");
    if (line) place.scrollLeft = line.getBoundingClientRect().left - place.getBoundingClientRect().left - place.clientWidth / 3;
  };

  document.addEventListener("htmx:afterSwap", (event) => {
    restore();
    count();
    prepare();
    if (event.detail.target?.id === "work") scrollToToday();
  });
  restore();
  count();
  prepare();
  scrollToToday();
})();
