// A decision is kept without leaving the place; the figures below follow.
import { send, takeOver } from "./import_progress.js";

for (const form of document.querySelectorAll("[data-decide]")) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const response = await send(form, event.submitter);
    if (!response.ok) {
      form.submit();
      return;
    }
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    for (const button of form.querySelectorAll(".decision")) {
      button.setAttribute("aria-pressed", String(button === event.submitter));
    }
    takeOver(page, "[data-decided]");
    takeOver(page, "[data-take]");
    listenToTake();
  });
}

// A second press while the first is on its way asks for nothing new.
function listenToTake() {
  document.querySelector("[data-take-form]")?.addEventListener("submit", (event) => {
    const form = event.currentTarget;
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "yes";
  });
}

listenToTake();
