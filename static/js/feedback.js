// What HTMX does not say by itself: loading, errors, and that a list has changed.
(() => {
  const announcer = document.getElementById("announcer");
  const messages = document.getElementById("messages");
  const failure = document.getElementById("request-failed");

  const say = (text) => {
    if (announcer) announcer.textContent = text;
  };

  const showFailure = (text) => {
    if (!messages || !failure) return;
    messages.querySelector("[data-request-failed]")?.remove();
    const message = failure.content.firstElementChild.cloneNode(true);
    message.dataset.requestFailed = "";
    if (text) message.querySelector("[data-text]").textContent = text;
    messages.append(message);
  };

  document.addEventListener("htmx:beforeRequest", (event) => {
    messages?.querySelector("[data-request-failed]")?.remove();
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
