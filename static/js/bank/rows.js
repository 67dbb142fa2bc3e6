// Rows of options and sides, and of small tables: added, taken away and moved on the page.

const MOST_ROWS = 26;

/** Take over the buttons of every list of options or sides. */
export function watchRows(form) {
  for (const set of form.querySelectorAll("[data-rows]")) {
    set.addEventListener("click", (event) => {
      const button = event.target.closest("button[name=act]");
      if (!button) return;
      const [verb] = button.value.split(" ");
      if (!["more", "remove", "up", "down"].includes(verb)) return;
      event.preventDefault();
      const row = button.closest("[data-row]");
      if (verb === "more") add(set);
      else if (verb === "remove") remove(row);
      else move(row, verb, button);
      show(form);
      changed(form);
    });
  }
  form.addEventListener("input", (event) => {
    if (event.target.closest('[data-rows="partner"]')) showPartners(form);
  });
  showPartners(form);
}

function rowsOf(set) {
  return [...set.querySelectorAll(":scope > ol > [data-row]")];
}

function add(set) {
  const rows = rowsOf(set);
  if (rows.length >= MOST_ROWS) return;
  const number = 1 + Math.max(-1, ...rows.map((row) => Number(row.querySelector("input[type=hidden]").value)));
  const made = set.querySelector(":scope > template").content.cloneNode(true);
  for (const part of made.querySelectorAll("*")) {
    for (const { name, value } of [...part.attributes]) {
      if (value.includes("NUMBER")) part.setAttribute(name, value.replaceAll("NUMBER", String(number)));
    }
  }
  for (const part of made.querySelectorAll("[data-without-script]")) part.hidden = true;
  set.querySelector(":scope > ol").append(made);
  const row = rowsOf(set).at(-1);
  const partner = row.querySelector("[data-partner]");
  if (partner && [...partner.options].some((option) => option.value === String(number))) partner.value = String(number);
  row.querySelector("textarea").focus();
}

function remove(row) {
  const next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  next?.querySelector("textarea").focus();
}

function move(row, verb, button) {
  const other = verb === "up" ? row.previousElementSibling : row.nextElementSibling;
  if (!other) return;
  if (verb === "up") other.before(row);
  else other.after(row);
  button.focus();
}

function show(form) {
  for (const set of form.querySelectorAll("[data-rows]")) {
    const letters = set.dataset.letters.split(" ");
    for (const [place, row] of rowsOf(set).entries()) row.querySelector("[data-letter]").textContent = letters[place];
    set.querySelector("[data-more]").disabled = rowsOf(set).length >= MOST_ROWS;
  }
  showPartners(form);
}

// What can be chosen as the partner of something on the left is what stands on the right now.
function showPartners(form) {
  const set = form.querySelector('[data-rows="partner"]');
  if (!set) return;
  const others = rowsOf(set).map((row, place) => {
    const text = row.querySelector("textarea").value.trim();
    const short = text.length > 18 ? `${text.slice(0, 17)}…` : text;
    const value = row.querySelector("input[type=hidden]").value;
    return { value, label: short ? `${place + 1} · ${short}` : String(place + 1) };
  });
  for (const select of form.querySelectorAll("[data-partner]")) {
    const chosen = select.value;
    select.replaceChildren(...others.map(({ value, label }) => new Option(label, value)));
    if (others.some(({ value }) => value === chosen)) select.value = chosen;
    else select.selectedIndex = -1;
  }
}

/** Tables of a few inputs a row: one more row at a click, and no more empty ones than needed. */
export function watchTables(form) {
  for (const table of form.querySelectorAll("[data-table]")) {
    const rows = tableRows(table);
    const spare = rows.filter(isEmpty);
    for (const row of spare.slice(rows.length === spare.length ? 1 : 0)) row.hidden = true;
    table.querySelector("[data-more-row]").addEventListener("click", (event) => {
      event.preventDefault();
      const hidden = tableRows(table).find((row) => row.hidden);
      const row = hidden ?? oneMore(table);
      row.hidden = false;
      row.querySelector("input, textarea").focus();
    });
  }
}

/** The first empty row of a table, shown; a new one where all are filled. */
export function emptyRow(table) {
  const row = tableRows(table).find(isEmpty) ?? oneMore(table);
  row.hidden = false;
  return row;
}

function tableRows(table) {
  return [...table.querySelectorAll("[data-table-row]")];
}

function isEmpty(row) {
  return [...row.querySelectorAll("input, textarea")].every((field) => !field.value.trim());
}

function oneMore(table) {
  const last = tableRows(table).at(-1);
  const row = last.cloneNode(true);
  for (const field of row.querySelectorAll("input, textarea")) field.value = "";
  last.after(row);
  return row;
}

export function changed(form) {
  form.dispatchEvent(new Event("rowschanged"));
}
