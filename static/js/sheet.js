// Links with data-sheet open the form of their page in a dialog, those with data-inline in place.
// After saving, the regions that the link names are read anew. Without this script they are links.
(() => {
  const dialog = document.getElementById("sheet");
  if (!dialog?.showModal || !window.htmx) return;
  const body = document.getElementById("sheet-body");
  const openers = new WeakMap(); // where a form stands → the link that opened it
  const LEAVE = { confirm: "Leave without saving what you entered?", confirmLabel: "Leave" };
  let isTouched = false; // something was entered into the open dialog

  const selectorOf = (link) => (link.id ? `#${CSS.escape(link.id)}` : `a[href="${CSS.escape(link.getAttribute("href"))}"]`);

  const open = (link) => {
    const inline = "inline" in link.dataset;
    const host = inline ? document.getElementById(link.dataset.inline) : body;
    if (!inline) {
      dialog.querySelector("h2").textContent = link.dataset.sheetTitle || link.textContent.trim();
      body.replaceChildren();
      isTouched = false;
    }
    openers.set(host, { link, selector: selectorOf(link), before: inline ? host.innerHTML : "" });
    window.htmx.ajax("GET", link.href, { target: host, select: "[data-form]", swap: "innerHTML" });
  };

  const prepare = (host) => {
    const { link } = openers.get(host);
    const [first, ...others] = link.dataset.refresh.split(" ");
    for (const form of host.querySelectorAll("form[method=post]")) {
      form.setAttribute("hx-post", form.getAttribute("action") || link.href);
      form.setAttribute("hx-target", first);
      form.setAttribute("hx-select", first);
      // The whole content brings its messages along.
      if (first !== "#content") form.setAttribute("hx-select-oob", ["#messages", ...others].join(","));
      form.setAttribute("hx-swap", "outerHTML show:none");
      window.htmx.process(form);
    }
    if (host === body && !dialog.open) dialog.showModal();
    const field = host.querySelector("[autofocus], .is-invalid, input:not([type=hidden]), select, textarea, .btn");
    field?.focus();
  };

  const leaveDialog = () => {
    if (!isTouched) return dialog.close();
    document.dispatchEvent(new CustomEvent("kam:ask", { detail: { words: LEAVE, then: () => dialog.close() } }));
  };
  body.addEventListener("input", () => (isTouched = true));
  dialog.addEventListener("cancel", (event) => {
    if (event.target !== dialog) return; // a field of the form gave something up
    event.preventDefault();
    leaveDialog();
  });

  const close = (host) => {
    if (host === body) return leaveDialog();
    host.innerHTML = openers.get(host).before;
    window.htmx.process(host);
    document.querySelector(openers.get(host).selector)?.focus();
  };

  const hostOf = (element) => {
    if (!element?.closest) return null;
    const inline = element.closest("[data-inline-host]");
    return element.closest("#sheet-body") || (inline && openers.has(inline) ? inline : null);
  };

  document.addEventListener("click", (event) => {
    const link = event.target.closest?.("a[data-sheet], a[data-inline]");
    if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) {
      event.preventDefault();
      return open(link);
    }
    // “Cancel” leads back to the page on its own page, and only closes here.
    const host = hostOf(event.target);
    if (host && event.target.closest("a[data-cancel], .k-form-buttons a.btn, .btn-list a.btn")) {
      event.preventDefault();
      close(host);
    }
  });
  dialog.addEventListener("click", (event) => {
    if (event.target.closest("[data-sheet-close]")) leaveDialog();
  });
  // Ctrl and Enter save from within a text; Escape leaves a form in place (a dialog does so by itself).
  document.addEventListener("keydown", (event) => {
    const host = hostOf(event.target);
    if (!host) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.target.closest("form")?.requestSubmit();
    } else if (event.key === "Escape" && host !== body && !event.defaultPrevented) {
      close(host);
    }
  });
  dialog.addEventListener("close", () => {
    const opener = openers.get(body);
    if (opener) (opener.link.isConnected ? opener.link : document.querySelector(opener.selector))?.focus();
  });

  // A form that did not pass stays where it is.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const host = hostOf(event.detail.requestConfig?.elt);
    if (!host || ![409, 412, 422].includes(event.detail.xhr.status)) return;
    event.detail.target = host;
    event.detail.selectOverride = "[data-form]";
    event.detail.swapOverride = "innerHTML";
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    const target = event.detail.target;
    if (target && openers.has(target) && target.querySelector("[data-form]")) return prepare(target);
    const host = hostOf(event.detail.requestConfig?.elt);
    if (!host || event.detail.xhr.status >= 300) return;
    if (host === body) dialog.close();
    else document.querySelector(openers.get(host).selector)?.focus();
  });
})();
