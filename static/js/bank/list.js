// The list of a bank's questions: tick a whole page at once, and see how many are ticked.
const form = document.querySelector("[data-bulk]");

if (form) {
  const page = form.querySelector("[data-bulk-page]");
  const all = form.elements.namedItem("all");
  const count = form.querySelector("[data-bulk-count]");
  const ticks = [...form.querySelectorAll('input[name="question"]')];
  const pattern = count?.textContent ?? "";

  const show = () => {
    const ticked = ticks.filter((tick) => tick.checked).length;
    if (page) {
      page.checked = ticked === ticks.length;
      page.indeterminate = ticked > 0 && ticked < ticks.length;
    }
    if (count) {
      count.hidden = Boolean(all?.checked);
      count.textContent = pattern.replace("0", String(ticked));
    }
  };

  if (page) {
    page.hidden = false;
    page.addEventListener("change", () => {
      for (const tick of ticks) tick.checked = page.checked;
      show();
    });
  }
  form.addEventListener("change", show);
  show();
}
