// Rows of a [data-sortable] list are put in order by dragging their handle; the form around them sends
// the order of its hidden fields (or that which data-order-form names). Buttons do the same without a mouse, and without this script.
(() => {
  const announcer = document.getElementById("announcer");

  const prepare = (list) => {
    if (list.dataset.sortable === "ready" || !window.Sortable) return;
    list.dataset.sortable = "ready";
    window.Sortable.create(list, {
      handle: ".k-grip",
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 150,
      ghostClass: "is-dragged",
      onEnd: (event) => {
        if (event.oldIndex === event.newIndex) return;
        (document.getElementById(list.dataset.orderForm) || list.closest("form")).requestSubmit();
      },
    });
  };

  const prepareAll = (root) => {
    for (const list of root.querySelectorAll("[data-sortable]")) prepare(list);
  };

  document.addEventListener("htmx:load", (event) => prepareAll(event.detail.elt.parentElement || document));
  document.addEventListener("htmx:afterSwap", (event) => {
    const form = event.detail.requestConfig?.elt;
    if (form?.matches?.("[data-order], :has([data-sortable])") && announcer) announcer.textContent = "The order was saved.";
  });
  // A button at the end of the list is disabled now: its neighbour takes the focus.
  document.addEventListener("htmx:afterSettle", (event) => {
    const pressed = event.detail.requestConfig?.triggeringEvent?.submitter;
    const button = pressed?.id && document.getElementById(pressed.id);
    if (button?.disabled) button.parentElement.querySelector("button:not([disabled])")?.focus();
  });
  prepareAll(document);
})();
