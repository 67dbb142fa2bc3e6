// The tree of topics: drag a topic by its grip. Every move can be made with the buttons too.
const tree = document.querySelector("[data-topic-tree]");
const token = document.querySelector('meta[name="csrf-token"]')?.content ?? "";

if (tree?.querySelector("[data-grip]")) {
  document.querySelector("[data-drag-hint]").hidden = false;
  let dragged = null;

  for (const grip of tree.querySelectorAll("[data-grip]")) {
    const item = grip.closest("[data-topic]");
    grip.hidden = false;
    grip.addEventListener("pointerdown", () => {
      item.draggable = true;
    });
    grip.addEventListener("pointerup", () => {
      item.draggable = false;
    });
    item.addEventListener("dragstart", (event) => {
      if (!item.draggable) return;
      event.stopPropagation();
      dragged = item;
      event.dataTransfer.effectAllowed = "move";
      event.dataTransfer.setData("text/plain", item.dataset.topic);
    });
    item.addEventListener("dragend", () => {
      item.draggable = false;
      dragged = null;
      unmark();
    });
  }

  tree.addEventListener("dragover", (event) => {
    const target = targetOf(event);
    if (!target) return;
    event.preventDefault();
    unmark();
    target.line.classList.add(target.isBefore ? "drop-before" : "drop-in");
  });
  tree.addEventListener("drop", (event) => {
    const target = targetOf(event);
    if (!target) return;
    event.preventDefault();
    move(dragged.dataset.topic, target);
  });

  const targetOf = (event) => {
    const line = event.target.closest?.(".topic-line");
    const item = line?.closest("[data-topic]");
    if (!dragged || !item || dragged.contains(item)) return null;
    const box = line.getBoundingClientRect();
    return { line, item, isBefore: event.clientY < box.top + box.height / 2 };
  };
  const unmark = () => {
    for (const line of tree.querySelectorAll(".drop-before, .drop-in")) line.classList.remove("drop-before", "drop-in");
  };
  const move = (topic, { item, isBefore }) => {
    const values = isBefore
      ? { parent: item.parentElement.dataset.topics, before: item.dataset.topic }
      : { parent: item.dataset.topic };
    const form = document.createElement("form");
    form.method = "post";
    form.action = tree.dataset.move.replace(/0(?=\/move)/, topic);
    for (const [name, value] of Object.entries({ csrf_token: token, ...values })) {
      const input = document.createElement("input");
      Object.assign(input, { type: "hidden", name, value });
      form.append(input);
    }
    document.body.append(form);
    form.submit();
  };
}
