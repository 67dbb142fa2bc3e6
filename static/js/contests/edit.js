// The contest's edit page: how many questions fit a row, as soon as a choice in it changes, and what the rows
// add up to. Without script the button "count again" does the same.
const form = document.querySelector("[data-contest-form]");
const rows = form.querySelector("[data-usable]");

for (const row of form.querySelectorAll("[data-section]")) {
  row.addEventListener("change", (event) => {
    if (event.target.dataset.count) {
      count(row);
    }
  });
}

rows.addEventListener("input", (event) => {
  if (event.target.dataset.number) {
    addUp();
  }
});

form.querySelector("[data-without-script]").hidden = true;

const slug = form.elements.namedItem("slug");
slug.addEventListener("input", () => {
  form.querySelector("[data-slug-shown]").textContent = slug.value.trim().toLowerCase() || "…";
});

async function count(row) {
  const choices = [...row.querySelectorAll("[data-count]")];
  const query = new URLSearchParams(choices.map((choice) => [choice.dataset.count, choice.value]));
  const shown = row.querySelector("[data-usable-shown]");
  shown.textContent = "…";
  try {
    const response = await fetch(`${rows.dataset.usable}?${query}`, { headers: { Accept: "application/json" } });
    if (!response.ok) {
      throw new Error(response.status);
    }
    const found = await response.json();
    shown.textContent = found.text;
    offerTopics(
      choices.find((choice) => choice.dataset.count === "topic_id"),
      found.topics,
    );
  } catch {
    shown.textContent = "?";
  }
}

// Points are added in whole hundredths; a row that is not a number yet counts as nothing.
function addUp() {
  let questions = 0;
  let hundredths = 0;
  for (const row of form.querySelectorAll("[data-section]")) {
    const [count, points] = ["count", "points"].map((name) => Number(row.querySelector(`[data-number="${name}"]`).value));
    if (count > 0 && points > 0) {
      questions += count;
      hundredths += count * Math.round(points * 100);
    }
  }
  const sum = form.querySelector("[data-sum]");
  sum.textContent = sum.dataset.sum.replace("{count}", questions).replace("{full}", hundredths / 100);
}

// Each bank has its own topics; the first choice, "all", stays.
function offerTopics(select, topics) {
  const chosen = select.value;
  while (select.options.length > 1) {
    select.options[1].remove();
  }
  for (const topic of topics) {
    select.add(new Option(topic.name, topic.id));
  }
  select.value = topics.some((topic) => String(topic.id) === chosen) ? chosen : "";
}
