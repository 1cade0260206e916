// A table of numbers as in a spreadsheet: arrow keys and Enter move, a copied block is pasted into it,
// growth and target follow each other while somebody types. Without this the form works the same.
"use strict";

(() => {
  const COLUMNS = ["last_year", "growth", "target", "stretch"];

  // The same reading as `plain_number` in plans/target_forms.py.
  function plainNumber(text) {
    let number = text.replace(/−/g, "-").replace(/[^\d.,+-]/g, "");
    const marks = [".", ","].filter((mark) => number.includes(mark));
    if (!marks.length) return number;
    const last = marks.reduce((a, b) => (number.lastIndexOf(a) > number.lastIndexOf(b) ? a : b));
    const decimals = number.slice(number.lastIndexOf(last) + 1);
    const once = number.split(last).length === 2;
    const partsDecimals = marks.length === 2 || (once && (last === "." || decimals.length !== 3));
    for (const mark of marks) number = number.split(mark).join(mark === last && partsDecimals ? "." : "");
    return number;
  }

  function valueOf(input) {
    const text = plainNumber(input.value);
    return text === "" || Number.isNaN(Number(text)) ? null : Number(text);
  }

  function rowsOf(table) {
    return [...table.tBodies[0].rows];
  }

  function cell(row, column) {
    return row && row.querySelector(`[data-column="${column}"]`);
  }

  function lastYear(row) {
    const typed = valueOf(cell(row, "last_year"));
    return typed === null ? Number(row.dataset.orders) : typed;
  }

  // As the form shows it: without decimals where they are zero.
  function shown(number, places) {
    return number.toFixed(places).replace(/\.0+$/, "");
  }

  // One number, two views: what was typed last leads.
  function follow(row, column) {
    const base = lastYear(row);
    const growth = cell(row, "growth");
    const target = cell(row, "target");
    if (!(base > 0)) return;
    if (column === "growth" && valueOf(growth) !== null) {
      target.value = shown(base * (1 + valueOf(growth) / 100), Number(target.dataset.places));
    } else if ((column === "target" || column === "last_year") && valueOf(target) !== null) {
      growth.value = shown((valueOf(target) / base - 1) * 100, 1);
    }
  }

  function addUp(table) {
    const total = table.querySelector('[data-total="target"]');
    const sum = rowsOf(table).reduce((all, row) => all + (valueOf(cell(row, "target")) || 0), 0);
    total.textContent = sum.toLocaleString(document.documentElement.dataset.locale, { maximumFractionDigits: 0 });
  }

  function move(input, step) {
    const row = input.closest("tr");
    const rows = rowsOf(row.closest("table"));
    const next = cell(rows[rows.indexOf(row) + step], input.dataset.column);
    if (next) {
      next.focus();
      next.select();
    }
    return Boolean(next);
  }

  function paste(input, text) {
    const table = input.closest("table");
    const rows = rowsOf(table);
    const top = rows.indexOf(input.closest("tr"));
    const left = COLUMNS.indexOf(input.dataset.column);
    const lines = text.replace(/\r\n?/g, "\n").replace(/\n$/, "").split("\n");
    lines.forEach((line, down) => {
      line.split("\t").forEach((value, right) => {
        const field = cell(rows[top + down], COLUMNS[left + right]);
        if (field) {
          field.value = plainNumber(value);
          follow(rows[top + down], field.dataset.column);
        }
      });
    });
    addUp(table);
    return Math.min(lines.length, rows.length - top);
  }

  document.addEventListener("keydown", (event) => {
    const input = event.target.closest && event.target.closest("[data-target-grid] [data-column]");
    if (!input || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = { ArrowUp: -1, ArrowDown: 1, Enter: event.shiftKey ? -1 : 1 }[event.key];
    if (step && (move(input, step) || event.key !== "Enter")) event.preventDefault();
  });

  document.addEventListener("paste", (event) => {
    const input = event.target.closest && event.target.closest("[data-target-grid] [data-column]");
    const text = input && event.clipboardData.getData("text/plain");
    if (!text || !/[\t\n]/.test(text.trim())) return; // one number is pasted as always
    event.preventDefault();
    const count = paste(input, text);
    document.getElementById("announcer").textContent = `${count} lines pasted. Save to keep them.`;
  });

  document.addEventListener("input", (event) => {
    const input = event.target.closest && event.target.closest("[data-target-grid] [data-column]");
    if (!input) return;
    follow(input.closest("tr"), input.dataset.column);
    addUp(input.closest("table"));
  });
})();
