// Forms and HTMX elements with data-confirm ask in a dialog first.
(() => {
  const dialog = document.getElementById("confirm");
  if (!dialog?.showModal) return; // an old browser: the server's own confirmation page still asks

  const ask = (element) =>
    new Promise((resolve) => {
      const yes = dialog.querySelector("[value=yes]");
      dialog.querySelector("h2").textContent = element.dataset.confirm;
      yes.textContent = element.dataset.confirmLabel || yes.dataset.label;
      yes.classList.toggle("btn-danger", element.dataset.confirmTone !== "plain");
      yes.classList.toggle("btn-primary", element.dataset.confirmTone === "plain");
      dialog.returnValue = "";
      dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
      dialog.showModal();
    });

  // Other scripts ask by an event: `words` as in the data attributes, `then` for who agrees.
  document.addEventListener("kam:ask", (event) => {
    ask({ dataset: event.detail.words }).then((agreed) => agreed && event.detail.then());
  });

  const usesHtmx = (form) => form.matches("[hx-post], [hx-put], [hx-patch], [hx-delete]");

  document.addEventListener(
    "submit",
    (event) => {
      const form = event.target;
      if (!form.dataset.confirm || form.dataset.confirmed || usesHtmx(form)) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      const button = event.submitter;
      ask(form).then((agreed) => {
        if (!agreed) return;
        form.dataset.confirmed = "yes";
        form.requestSubmit(button);
        delete form.dataset.confirmed;
      });
    },
    true,
  );

  document.addEventListener("htmx:confirm", (event) => {
    const element = event.detail.elt;
    if (!element.dataset.confirm) return;
    event.preventDefault();
    ask(element).then((agreed) => agreed && event.detail.issueRequest(true));
  });
})();
