"use strict";
// Headings stand over their numbers.
for (const table of document.querySelectorAll("table")) {
  const first = table.tBodies[0]?.rows[0];
  table.querySelectorAll("thead th").forEach((heading, column) => {
    if (first?.cells[column]?.classList.contains("n")) heading.classList.add("n");
  });
}

// Tables sort by a click on a heading: numbers by their full value, where the cell has one.
for (const table of document.querySelectorAll("table.sortable")) {
  table.querySelectorAll("thead th").forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    heading.replaceChildren(button);
    button.addEventListener("click", () => sortTable(table, heading, column));
  });
}

function sortTable(table, heading, column) {
  const down = heading.getAttribute("aria-sort") === "ascending";
  for (const other of table.querySelectorAll("th")) other.removeAttribute("aria-sort");
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  const value = (row) => {
    const cell = row.cells[column];
    const text = cell.dataset.value ?? cell.textContent.trim();
    const number = Number(text);
    return text === "" || text === "nan" ? null : Number.isNaN(number) ? text : number;
  };
  const keyed = [...table.tBodies[0].rows].map((row) => [value(row), row]);
  keyed.sort(([one], [other]) => {
    if (one === null || other === null) return (one === null) - (other === null);
    const order = typeof one === "number" && typeof other === "number"
      ? one - other : String(one).localeCompare(String(other));
    return down ? -order : order;
  });
  table.tBodies[0].append(...keyed.map(([, row]) => row));
}

// Kinds of pairs: what is searched, of one grain, called alone.
const search = document.getElementById("kinds-search");
if (search) {
  const grain = document.getElementById("kinds-grain");
  const called = document.getElementById("kinds-called");
  const rows = [...document.querySelectorAll("#table-kinds tbody tr")];
  const words = rows.map((row) => row.textContent.toLowerCase());
  const filter = () => {
    const asked = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    rows.forEach((row, number) => {
      const fits = asked.every((word) => words[number].includes(word))
        && (!grain.value || row.dataset.grain === grain.value)
        && (!called.checked || row.dataset.called === "1");
      row.hidden = !fits;
      shown += fits;
    });
    document.getElementById("kinds-count").textContent = `${shown} of ${rows.length} kinds`;
  };
  for (const control of [search, grain, called]) control.addEventListener("input", filter);
  filter();
}

// The sequence of a pair that was clicked, its two features marked.
window.dfimShowPair = (key, pair) => {
  const place = document.getElementById(`pair-${key}`);
  const letters = pair.letters;
  const words = document.createElement("p");
  words.textContent = `${pair.sequence}: ${pair.first} and ${pair.second}, interaction ${pair.interaction.toPrecision(3)}, `
    + `p ${pair.p}, q ${pair.q}. From position ${pair.from}; the first is underlined, the second twice.`;
  const line = document.createElement("div");
  const ends = [[pair.first_start, pair.first_end, "first"], [pair.second_start, pair.second_end, "second"]];
  let from = 0;
  for (const [first, last, name] of ends) {
    const [start, end] = [first - pair.from, last - pair.from];
    line.append(letters.slice(from, Math.max(from, start)));
    const mark = document.createElement("mark");
    mark.className = name;
    mark.textContent = letters.slice(Math.max(from, start), end);
    line.append(mark);
    from = Math.max(from, end);
  }
  line.append(letters.slice(from));
  place.replaceChildren(words, line);
};
