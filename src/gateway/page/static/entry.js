// The page of one entry: copies texts, opens the picture and serves its controls.

import { openViewer } from "./viewer.js";

const byId = (id) => document.getElementById(id);

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = !navigator.clipboard;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(byId(button.dataset.copy).textContent);
    byId("copied").textContent = "Copied.";
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 2000);
  });
}

const scene = byId("viewer")?.dataset.scene;
if (scene) show(JSON.parse(scene));

async function show(scene) {
  const [element, tools, wait] = [byId("viewer"), byId("viewer-tools"), byId("viewer-wait")];
  wait.hidden = false;
  element.hidden = false;
  let picture;
  try {
    picture = await openViewer(element, scene, { onPick: (site) => pick(scene, site) });
    picture.draw(read(tools));
    picture.look(null);
  } catch {
    element.hidden = true;
    wait.textContent = "This browser cannot draw the structure in 3D. The coordinates and the downloads are below.";
    return;
  }
  wait.hidden = true;
  for (const one of document.querySelectorAll(".script-only")) one.hidden = false;
  element.dataset.state = "drawn";
  serve(picture, element, tools);
}

function read(tools) {
  const isOn = (name) => tools.elements[name]?.checked ?? false;
  const repeat = [0, 1, 2].map((i) => Number(tools.elements[`repeat-${i}`]?.value ?? 1));
  return {
    repeat, bonds: isOn("bonds"), border: isOn("border"), across: isOn("across"), labels: isOn("labels"), filling: isOn("filling"),
  };
}

function serve(picture, element, tools) {
  const draw = () => { byId("viewer-status").textContent = picture.draw(read(tools)); };
  tools.addEventListener("submit", (event) => event.preventDefault());
  tools.addEventListener("change", (event) => {
    draw();
    if (event.target.name.startsWith("repeat")) picture.look(null);
  });
  tools.addEventListener("click", ({ target: { dataset } }) => {
    if (dataset.view) picture.look(dataset.view === "start" ? null : "abc".indexOf(dataset.view));
    if (dataset.zoom) picture.zoom(Number(dataset.zoom));
    if ("save" in dataset) save(picture);
  });
  element.addEventListener("keydown", (event) => turnByKey(picture, event));
  // scrolling the page goes on over the picture until somebody has clicked into it
  const isIdle = (event) => { if (document.activeElement !== element) event.stopPropagation(); };
  element.addEventListener("wheel", isIdle, { capture: true });
  element.addEventListener("pointerdown", () => element.focus({ preventScroll: true }));
  element.addEventListener("pointerup", () => picture.facePies());
  new ResizeObserver(() => picture.resize()).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  addEventListener("beforeprint", () => {
    byId("viewer-print").src = picture.image();
    byId("viewer-print").hidden = false;
  });
}

const KEYS = { ArrowLeft: [-10, "y"], ArrowRight: [10, "y"], ArrowUp: [-10, "x"], ArrowDown: [10, "x"] };

function turnByKey(picture, event) {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  if (KEYS[event.key]) picture.rotate(...KEYS[event.key]);
  else if (event.key === "+" || event.key === "=") picture.zoom(1.15);
  else if (event.key === "-") picture.zoom(0.87);
  else if (event.key === "0") picture.look(null);
  else return;
  event.preventDefault();
}

function pick(scene, site) {
  const row = byId(`site-${site + 1}`);
  const place = row ? [...row.querySelectorAll("td.number")].map((cell) => cell.textContent) : [];
  const [x, y, z] = place;
  const where = place.length ? ` at ${x}, ${y}, ${z}${place.length > 3 ? " (fractional)" : " Å"}` : "";
  byId("viewer-status").textContent = `Site ${site + 1}: ${scene.species[scene.kinds[site]].label}${where}`;
  for (const old of document.querySelectorAll(".is-picked")) old.classList.remove("is-picked");
  row?.classList.add("is-picked");
}

function save(picture) {
  const link = document.createElement("a");
  link.href = picture.image();
  link.download = `${document.title.split(" ")[0]}.png`;
  link.click();
}
