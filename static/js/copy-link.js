// Buttons with data-copy put the text of the field of that id on the clipboard.
(() => {
  const say = (button, text) => {
    const announcer = document.getElementById("announcer");
    if (announcer) announcer.textContent = text;
    const label = button.querySelector("span");
    label.dataset.label ||= label.textContent;
    label.textContent = text;
    setTimeout(() => (label.textContent = label.dataset.label), 2000);
  };

  const copy = async (field) => {
    field.select();
    if (navigator.clipboard) await navigator.clipboard.writeText(field.value);
    else document.execCommand("copy"); // without a secure context there is no clipboard API
  };

  for (const button of document.querySelectorAll("[data-copy]")) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const field = document.getElementById(button.dataset.copy);
      // Refused: the address stays selected, to be copied by key.
      copy(field).then(() => say(button, button.dataset.done), () => field.focus());
    });
  }
})();
