// Comfort for the search page; everything works without it.
const results = document.getElementById("results");
const status = document.getElementById("status");

// While a new result is on its way, the old one is dimmed and a sentence says so.
function loading() {
  results.classList.add("loading");
  results.setAttribute("aria-busy", "true");
  status.textContent = "Searching …";
}
function loaded() {
  results.classList.remove("loading");
  results.removeAttribute("aria-busy");
  status.textContent = "";
}
document.addEventListener("submit", (event) => { if (!event.defaultPrevented) loading(); });
results.addEventListener("click", (event) => {
  const link = event.target.closest("thead a, .pages a, .nothing a, .notice a");
  if (link && !event.ctrlKey && !event.metaKey && !event.shiftKey && event.button === 0) loading();
});
addEventListener("pageshow", loaded); // back from the browser's cache

// Copy buttons.
for (const button of document.querySelectorAll("[data-copy]")) {
  if (!navigator.clipboard) break; // only over https or on this machine
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(document.getElementById(button.dataset.copy).textContent);
    button.textContent = "Copied";
    status.textContent = "Copied.";
    setTimeout(() => { button.textContent = "Copy"; status.textContent = ""; }, 2000);
  });
}

// The periodic table: one tab stop, arrow keys, the text fields follow; x takes an element out.
const table = document.querySelector(".ptable");
const boxes = [...table.querySelectorAll("input")];
const wanted = document.getElementById("elements");
const without = document.getElementById("without");
const hint = document.getElementById("table-hint");
const usual = hint.textContent;

function symbols(field) {
  return field.value.split(/[\s,;+-]+/).filter(Boolean);
}
function toggled(field, symbol, on) {
  const rest = symbols(field).filter((one) => one !== symbol);
  field.value = (on ? [...rest, symbol] : rest).join(" ");
}
function shown() { // what the text fields say
  const [inside, outside] = [symbols(wanted), symbols(without)];
  for (const box of boxes) {
    box.checked = inside.includes(box.value);
    box.parentElement.classList.toggle("x", outside.includes(box.value));
  }
}
function stop(box) { // where the tab key enters
  for (const one of boxes) one.tabIndex = one === box ? 0 : -1;
}
function neighbour(box, key) {
  const from = box.getBoundingClientRect();
  const sideways = key === "ArrowLeft" || key === "ArrowRight";
  const sign = key === "ArrowRight" || key === "ArrowDown" ? 1 : -1;
  let best = null, least = Infinity;
  for (const one of boxes) {
    const to = one.getBoundingClientRect();
    const [dx, dy] = [to.left - from.left, to.top - from.top];
    const [along, across] = sideways ? [dx * sign, Math.abs(dy)] : [dy * sign, Math.abs(dx)];
    if (along < 1 || across > (sideways ? 1 : from.width / 2)) continue;
    if (along < least) [best, least] = [one, along];
  }
  return best;
}
table.addEventListener("keydown", (event) => {
  const box = event.target;
  if (event.key.startsWith("Arrow")) {
    event.preventDefault();
    const next = neighbour(box, event.key);
    if (next) { stop(next); next.focus(); }
  } else if (event.key === "x") {
    const on = !symbols(without).includes(box.value);
    toggled(without, box.value, on);
    if (on) toggled(wanted, box.value, false);
    shown();
  }
});
table.addEventListener("change", (event) => {
  toggled(wanted, event.target.value, event.target.checked);
  if (event.target.checked) toggled(without, event.target.value, false);
  shown();
});
function tell(event) {
  const box = event.target.closest(".e")?.querySelector("input");
  if (box) hint.textContent = `${box.title || box.value} · click to ask for it, x to exclude it`;
}
table.addEventListener("pointerover", tell);
table.addEventListener("focusin", (event) => { stop(event.target); tell(event); });
table.addEventListener("pointerleave", () => { hint.textContent = usual; });
for (const field of [wanted, without]) field.addEventListener("change", shown);
stop(boxes.find((box) => box.checked) ?? boxes[0]);

// Boxes and fields say the same: the boxes need not be sent, so that the address stays short.
document.getElementById("fields").addEventListener("formdata", (event) => {
  event.formData.delete("element");
  event.formData.delete("before");
});

// A menu closes by Escape, and when something else is clicked.
for (const menu of document.querySelectorAll("details.menu")) {
  menu.addEventListener("keydown", (event) => {
    if (event.key === "Escape") { menu.open = false; menu.querySelector("summary").focus(); }
  });
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target)) menu.open = false;
  });
}
