// Fields that search: the ARIA combobox over the text field that works without this script too.
(() => {
  const parts = (combo) => ({
    id: combo.querySelector("input[type=hidden]"),
    text: combo.querySelector("input[type=text]"),
    list: combo.querySelector("ul"),
  });
  const timers = new WeakMap();
  const asked = new WeakMap();

  const close = (combo) => {
    const { text, list } = parts(combo);
    list.hidden = true;
    text.setAttribute("aria-expanded", "false");
    text.removeAttribute("aria-activedescendant");
  };

  const prepare = (combo) => {
    const { text, list } = parts(combo);
    if (text.getAttribute("role")) return;
    list.id = `${text.id}_list`;
    list.setAttribute("role", "listbox");
    list.setAttribute("aria-label", "Matches");
    for (const [name, value] of Object.entries({
      role: "combobox",
      "aria-autocomplete": "list",
      "aria-expanded": "false",
      "aria-controls": list.id,
    }))
      text.setAttribute(name, value);
  };

  const point = (combo, option) => {
    const { text, list } = parts(combo);
    for (const other of list.querySelectorAll("[aria-selected=true]")) other.setAttribute("aria-selected", "false");
    if (!option) return text.removeAttribute("aria-activedescendant");
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    text.setAttribute("aria-activedescendant", option.id);
  };

  const pick = (combo, option) => {
    const { id, text } = parts(combo);
    id.value = option.dataset.value;
    text.value = option.dataset.label;
    combo.querySelector("select")?.remove(); // the server's own question is answered
    close(combo);
    text.dispatchEvent(new Event("change", { bubbles: true }));
  };

  const show = (combo, options) => {
    const { text, list } = parts(combo);
    list.replaceChildren(
      ...options.map((option, index) => {
        const item = document.createElement("li");
        item.id = `${list.id}_${index}`;
        item.setAttribute("role", "option");
        item.setAttribute("aria-selected", "false");
        item.dataset.value = option.id;
        item.dataset.label = option.label;
        item.textContent = option.label;
        if (option.note) {
          const note = document.createElement("small");
          note.textContent = option.note;
          item.append(note);
        }
        return item;
      }),
    );
    if (!options.length) {
      const nothing = document.createElement("li");
      nothing.setAttribute("role", "option");
      nothing.setAttribute("aria-disabled", "true");
      nothing.textContent = "No match";
      list.append(nothing);
    }
    list.hidden = false;
    text.setAttribute("aria-expanded", "true");
    text.removeAttribute("aria-activedescendant");
  };

  const search = async (combo) => {
    const { text } = parts(combo);
    asked.get(combo)?.abort();
    const controller = new AbortController();
    asked.set(combo, controller);
    const url = new URL(combo.dataset.optionsUrl, location.href);
    url.searchParams.set("q", text.value);
    try {
      const answer = await fetch(url, { signal: controller.signal, headers: { Accept: "application/json" } });
      if (answer.ok && !answer.redirected) show(combo, (await answer.json()).options);
    } catch {
      close(combo); // the text is looked up when the form is sent
    }
  };

  const comboOf = (event) => event.target.closest?.("[data-combo]");

  document.addEventListener("focusin", (event) => {
    const combo = comboOf(event);
    if (combo) prepare(combo);
    for (const other of document.querySelectorAll("[data-combo]")) if (other !== combo && !parts(other).list.hidden) close(other);
  });
  document.addEventListener("input", (event) => {
    const combo = comboOf(event);
    if (!combo || event.target.type !== "text") return;
    parts(combo).id.value = "";
    clearTimeout(timers.get(combo));
    timers.set(combo, setTimeout(() => search(combo), 180));
  });
  // A list is not filtered by a name that is only half typed.
  document.addEventListener(
    "change",
    (event) => {
      const combo = comboOf(event);
      if (!combo?.closest("form[data-filter]") || event.target.type !== "text") return;
      if (event.target.value && !parts(combo).id.value) event.stopImmediatePropagation();
    },
    true,
  );
  document.addEventListener("mousedown", (event) => {
    const option = event.target.closest?.("[data-combo] [role=option]");
    if (!option) return;
    event.preventDefault(); // the field keeps the focus
    if (option.dataset.value) pick(comboOf(event), option);
  });
  document.addEventListener("click", (event) => {
    const combo = comboOf(event);
    if (combo && event.target.type === "text" && parts(combo).list.hidden) search(combo);
  });
  document.addEventListener(
    "keydown",
    (event) => {
      const combo = comboOf(event);
      if (!combo || event.target.type !== "text") return;
      const { list } = parts(combo);
      const options = [...list.querySelectorAll("[data-value]")];
      const at = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) return search(combo);
        const step = event.key === "ArrowDown" ? 1 : -1;
        point(combo, options[(at + step + options.length) % options.length]);
      } else if (event.key === "Enter" && !list.hidden && at >= 0) {
        event.preventDefault();
        pick(combo, options[at]);
      } else if (event.key === "Escape" && !list.hidden) {
        event.preventDefault();
        event.stopPropagation(); // only the list closes, not the dialog around it
        close(combo);
      }
    },
    true,
  );
})();
