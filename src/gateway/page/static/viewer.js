// Draws a scene with 3Dmol.js, which is loaded here and nowhere else.

import { cellLines, cross, expand, scale, unit } from "./structure.js";
import { pieMeshes } from "./pies.js";

const LABELLED = 400; // atoms; more labels than that hide the structure
const PICKED = 3000; // atoms that can be clicked: each move of the pointer looks at all of them
const point = ([x, y, z]) => ({ x, y, z });

/** The picture in `element`; throws where the browser cannot draw in 3D. */
export async function openViewer(element, scene, { onPick }) {
  if (!document.createElement("canvas").getContext("webgl")) throw new Error("no WebGL");
  const { createViewer } = await import("../vendor/3dmol/3Dmol.es6-min.js");
  const viewer = createViewer(element, { backgroundColor: colours(element).ground, antialias: true });
  return new Picture(viewer, element, scene, onPick);
}

function colours(element) {
  const style = getComputedStyle(element);
  const named = (name) => style.getPropertyValue(name).trim();
  return { ground: named("--ground"), edge: named("--edge"), ink: named("--ink") };
}

class Picture {
  constructor(viewer, element, scene, onPick) {
    Object.assign(this, { viewer, element, scene, onPick });
  }

  /** Draws everything anew with these options; says what had to be left out. */
  draw(options) {
    const { viewer, scene } = this;
    const { atoms, pairs } = expand(scene, options);
    viewer.removeAllModels();
    viewer.removeAllShapes();
    viewer.removeAllLabels();
    viewer.setBackgroundColor(colours(this.element).ground);
    this.drawn = atoms.map((atom) => point(atom.position));
    this.drawAtoms(atoms, pairs, options);
    if (scene.cell) this.drawCell(options);
    if (options.labels && atoms.length <= LABELLED) this.drawLabels(atoms);
    viewer.render();
    return options.labels && atoms.length > LABELLED ? "There are too many atoms for labels." : "";
  }

  drawAtoms(atoms, pairs, { filling }) {
    const { viewer, scene } = this;
    const model = viewer.addModel();
    const radiusOf = (atom) => {
      const { radius } = scene.species[atom.kind];
      return filling ? 1.15 * radius : 0.22 + 0.25 * radius;
    };
    const bonds = atoms.map(() => []);
    for (const [i, j] of pairs) {
      bonds[i].push(j);
      bonds[j].push(i);
    }
    const isSmall = atoms.length <= PICKED;
    model.addAtoms(
      atoms.map((atom, i) => ({
        ...point(atom.position),
        elem: scene.species[atom.kind].parts[0].symbol,
        serial: i,
        index: i,
        bonds: bonds[i],
        bondOrder: bonds[i].map(() => 1),
        color: Number.parseInt(scene.species[atom.kind].colour.slice(1), 16),
        drawnAs: look(scene, atom),
        site: atom.site,
        clickable: isSmall && !atom.isStub,
        callback: isSmall ? (picked) => this.onPick(picked.site) : undefined,
      })),
    );
    const stick = { radius: 0.1 };
    scene.species.forEach((_, kind) => {
      const radius = radiusOf({ kind });
      model.setStyle({ drawnAs: `whole-${kind}` }, filling ? { sphere: { radius } } : { stick, sphere: { radius } });
    });
    model.setStyle({ drawnAs: "pie" }, filling ? {} : { stick });
    model.setStyle({ drawnAs: "stub" }, filling ? {} : { stick });
    this.pies = { atoms: atoms.filter((atom) => look(scene, atom) === "pie"), radiusOf, shapes: [] };
    this.facePies();
  }

  /** Pies look at whoever looks at them: seen from the side, a sector would hide the others. */
  facePies() {
    const { viewer, scene, pies } = this;
    if (!pies.atoms.length) return;
    pies.shapes.forEach((shape) => viewer.removeShape(shape));
    const axes = rows(viewer.getView().slice(4));
    const meshes = [...pieMeshes(pies.atoms, scene.species, { radiusOf: pies.radiusOf, axes })];
    pies.shapes = meshes.map(([symbol, { colour, ...mesh }]) =>
      viewer.addCustom({ ...mesh, color: colour, opacity: symbol === "vacancy" ? 0.45 : 1 }),
    );
    viewer.render();
  }

  drawCell({ repeat }) {
    const { viewer, scene } = this;
    const { edge, ink } = colours(this.element);
    for (const [start, end] of cellLines(scene.cell, repeat)) {
      viewer.addCylinder({ start: point(start), end: point(end), radius: 0.035, color: edge, fromCap: 1, toCap: 1 });
    }
    scene.cell.vectors.forEach((vector, i) => {
      if (!scene.cell.known[i]) return;
      const reach = 1 + 0.7 / Math.hypot(...vector);
      this.write("abc"[i], scale(vector, reach), { fontColor: ink, fontSize: 16 });
    });
  }

  drawLabels(atoms) {
    const { ink } = colours(this.element);
    for (const atom of atoms) {
      if (!atom.isStub) this.write(this.scene.species[atom.kind].label, atom.position, { fontColor: ink, fontSize: 12 });
    }
  }

  write(text, position, style) {
    this.viewer.addLabel(text, {
      position: point(position), backgroundOpacity: 0, alignment: "center", inFront: true, showBackground: false, ...style,
    });
  }

  /** Looks along a vector of the cell (0, 1, 2), or from where everything is seen (null). */
  look(along) {
    const vectors = this.scene.cell?.vectors ?? flat(this.scene.positions);
    const toward = along === null ? tilted(vectors) : unit(vectors[along]);
    this.viewer.zoomTo();
    this.turn(toward, along === 2 ? vectors[1] : vectors[2]);
    this.fill();
    this.facePies();
    this.viewer.render();
  }

  /** Comes as near as the atoms allow, in the view that was drawn last: none is cut off. */
  fill() {
    const [x, y, z] = this.viewer.getView();
    const [middle, ...others] = this.viewer.modelToScreen([{ x: -x, y: -y, z: -z }, ...this.drawn]);
    const { clientWidth, clientHeight } = this.element;
    const part = (at) => Math.max(Math.abs(at.x - middle.x) / clientWidth, Math.abs(at.y - middle.y) / clientHeight);
    const outermost = 2 * others.reduce((most, at) => Math.max(most, part(at)), 0);
    this.viewer.zoom(Math.min(1.4, outermost ? 0.8 / outermost : 1.15));
  }

  turn(toward, up) {
    const right = unit(cross(up, toward));
    const view = this.viewer.getView();
    const q = quaternion([right, cross(toward, right), toward]);
    this.viewer.setView([view[0], view[1], view[2], view[3], ...q]);
  }

  rotate(degrees, axis) {
    this.viewer.rotate(degrees, axis);
    this.facePies();
    this.viewer.render();
  }

  zoom(factor) {
    this.viewer.zoom(factor);
    this.viewer.render();
  }

  resize() {
    this.viewer.resize();
  }

  /** The picture as a PNG, as a `data:` address. */
  image() {
    this.viewer.render();
    return this.viewer.pngURI();
  }
}

function look(scene, atom) {
  if (atom.isStub) return "stub";
  return scene.species[atom.kind].parts.length > 1 ? "pie" : `whole-${atom.kind}`;
}

/** Axes for a molecule: it is seen where it is widest, and lies along its longest side. */
function flat(positions) {
  const spread = [0, 1, 2].map((i) => {
    const along = positions.map((one) => one[i]);
    return along.reduce((most, one) => Math.max(most, one), -Infinity) - along.reduce((least, one) => Math.min(least, one), Infinity);
  });
  const [long, middle, short] = [0, 1, 2].sort((i, j) => spread[j] - spread[i]);
  const axis = (i) => [0, 1, 2].map((j) => (i === j ? 1 : 0));
  return [axis(short), axis(long), axis(middle)];
}

/** Mostly along a, a little from the right and from above: no atom hides behind another. */
function tilted([a, b, c]) {
  const right = unit(b);
  const sum = [0, 1, 2].map((i) => unit(a)[i] + 0.32 * right[i] + 0.22 * unit(c)[i]);
  return unit(sum);
}

/** Of the matrix of a rotation: right, up and towards the viewer, in the structure's own axes. */
function rows([x, y, z, w]) {
  return [
    [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
    [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
    [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
  ];
}

/** Of the rotation whose matrix has these rows. */
function quaternion([[a, b, c], [d, e, f], [g, h, i]]) {
  const trace = a + e + i;
  if (trace > 0) {
    const s = 2 * Math.sqrt(trace + 1);
    return [(h - f) / s, (c - g) / s, (d - b) / s, s / 4];
  }
  if (a > e && a > i) {
    const s = 2 * Math.sqrt(1 + a - e - i);
    return [s / 4, (b + d) / s, (c + g) / s, (h - f) / s];
  }
  if (e > i) {
    const s = 2 * Math.sqrt(1 + e - a - i);
    return [(b + d) / s, s / 4, (f + h) / s, (c - g) / s];
  }
  const s = 2 * Math.sqrt(1 + i - a - e);
  return [(c + g) / s, (f + h) / s, s / 4, (d - b) / s];
}
