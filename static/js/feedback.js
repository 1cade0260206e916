// What HTMX does not say by itself: loading, errors, and that a list has changed.
(() => {
  const announcer = document.getElementById("announcer");
  // Asked for anew each time: a swap that brings messages along replaces the region.
  const messages = () => document.getElementById("messages");
  const failure = document.getElementById("request-failed");

  const say = (text) => {
    if (announcer) announcer.textContent = text;
  };

  // Who has scrolled down sees a message where they are.
  const bringIntoView = () => {
    const region = messages();
    if (!region) return;
    region.classList.remove("is-floating");
    region.classList.toggle("is-floating", region.childElementCount > 0 && region.getBoundingClientRect().top < 0);
  };

  const forgetFailure = () => document.querySelector("[data-request-failed]")?.remove();

  const showFailure = (text) => {
    // What lies behind an open dialog can be neither seen nor reached.
    const dialog = document.querySelector("dialog[open]");
    const region = dialog?.querySelector(".k-sheet-body") ?? messages();
    if (!region || !failure) return;
    forgetFailure();
    const message = failure.content.firstElementChild.cloneNode(true);
    message.dataset.requestFailed = "";
    if (text) message.querySelector("[data-text]").textContent = text;
    region.prepend(message);
    if (dialog) message.scrollIntoView({ block: "nearest" });
    else bringIntoView();
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    forgetFailure();
    event.detail.target?.setAttribute("aria-busy", "true");
  });
  document.addEventListener("htmx:afterRequest", (event) => {
    event.detail.target?.removeAttribute("aria-busy");
  });
  // A session that has ended answers with the login page: show that, not a piece of it.
  document.addEventListener("htmx:beforeSwap", (event) => {
    const answered = event.detail.xhr.responseURL;
    if (answered && new URL(answered).pathname === document.body.dataset.loginUrl) {
      event.detail.shouldSwap = false;
      location.reload();
    }
  });
  document.addEventListener("htmx:afterSwap", (event) => {
    if (event.detail.requestConfig?.elt?.closest("form[data-filter], [data-list-link]")) say("The list was updated.");
  });
  document.addEventListener("htmx:oobAfterSwap", (event) => {
    if (event.detail.target?.id === "messages") bringIntoView();
  });
  document.addEventListener("htmx:sendError", () => showFailure("The server could not be reached. Nothing was saved."));
  document.addEventListener("htmx:timeout", () => showFailure("The server took too long to answer."));
  document.addEventListener("htmx:responseError", (event) => {
    const texts = {
      401: "You were logged out. Load the page again to log in.",
      403: "You are not allowed to do this.",
      404: "This is no longer there, or no longer visible to you.",
      429: "Too many requests. Wait a moment and try again.",
    };
    showFailure(texts[event.detail.xhr.status]);
  });

  // Filters that are not set stay out of the address.
  document.addEventListener("htmx:configRequest", (event) => {
    if (!event.detail.elt.matches?.("form[data-filter]")) return;
    for (const [key, value] of [...event.detail.formData.entries()]) {
      if (value === "") event.detail.formData.delete(key);
    }
  });
  document.addEventListener("formdata", (event) => {
    if (!event.target.matches("form[data-filter]")) return;
    for (const [key, value] of [...event.formData.entries()]) if (value === "") event.formData.delete(key);
  });
})();
