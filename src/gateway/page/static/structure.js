// A scene (cell and sites, see page/entry/scene.py) -> the atoms and bonds that are drawn.
// Pure geometry: no document, no viewer. Lengths are angstrom.

const ON_BORDER = 1e-3; // of a vector
const BOND_SLACK = 0.4; // beyond the sum of the covalent radii
const METAL_SHELL = 1.12; // times the nearest distance: the first shell of a metal
const TOO_CLOSE = 0.4; // sites of which one is occupied at a time
const LONGEST = 4.8;
export const MAX_ATOMS = 30000;
export const MAX_DETAILED = 6000; // beyond it no images and no bonds across the border

export const add = (a, b) => [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
export const scale = (a, f) => [a[0] * f, a[1] * f, a[2] * f];
export const dot = (a, b) => a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
export const cross = (a, b) => [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
export const unit = (a) => scale(a, 1 / (Math.hypot(...a) || 1));

/** What is drawn: atoms and pairs of their numbers. A bond to an atom that is not drawn ends half way,
 * in a stub. */
export function expand(scene, { repeat, border, across, bonds }) {
  const lattice = scene.cell && read(scene.cell);
  const sites = scene.positions.map((position, site) => wrapped(lattice, position, site, scene.kinds[site]));
  const isLarge = sites.length * repeat[0] * repeat[1] * repeat[2] > MAX_DETAILED;
  let atoms = lattice ? repeated(lattice, sites, repeat, border && !isLarge) : sites;
  if (atoms.length > MAX_ATOMS) atoms = sites;
  if (!bonds) return { atoms, pairs: [] };
  const partners = lattice && across && !isLarge ? outside(lattice, sites, atoms, repeat) : [];
  return bonded(scene, atoms, partners);
}

function read(cell) {
  const [a, b, c] = cell.vectors;
  const volume = dot(a, cross(b, c));
  const inverse = [cross(b, c), cross(c, a), cross(a, b)].map((one) => scale(one, 1 / volume));
  // how thick the cell is between the faces that a vector joins
  const heights = inverse.map((one) => 1 / Math.hypot(...one));
  return { vectors: cell.vectors, inverse, heights, periodic: cell.periodic };
}

function wrapped(lattice, position, site, kind) {
  if (!lattice) return { site, kind, position };
  const parts = lattice.inverse.map((row) => dot(row, position));
  const inside = parts.map((part, i) => (lattice.periodic[i] ? part - Math.floor(part + ON_BORDER) : part));
  return { site, kind, parts: inside, position: place(lattice, inside) };
}

function place(lattice, parts) {
  return lattice.vectors.reduce((sum, vector, i) => add(sum, scale(vector, parts[i])), [0, 0, 0]);
}

function moved(lattice, atom, by) {
  const parts = atom.parts.map((part, i) => part + by[i]);
  return { ...atom, parts, position: place(lattice, parts) };
}

function* steps(from, to) {
  for (let i = from[0]; i <= to[0]; i++)
    for (let j = from[1]; j <= to[1]; j++) for (let k = from[2]; k <= to[2]; k++) yield [i, j, k];
}

function repeated(lattice, sites, repeat, border) {
  const atoms = [];
  for (const atom of sites) {
    const last = atom.parts.map((part, i) => {
      const isOn = border && lattice.periodic[i] && Math.abs(part) < ON_BORDER;
      return repeat[i] - (isOn ? 0 : 1);
    });
    for (const step of steps([0, 0, 0], last)) atoms.push(moved(lattice, atom, step));
  }
  return atoms;
}

/** The atoms around the drawn ones that may be bound to them. */
function outside(lattice, sites, atoms, repeat) {
  const drawn = new Set(atoms.map((atom) => key(atom.position)));
  const margin = lattice.heights.map((height, i) => (lattice.periodic[i] ? LONGEST / height : 0));
  const from = margin.map((one) => -Math.ceil(one));
  const to = margin.map((one, i) => repeat[i] - 1 + Math.ceil(one));
  const found = [];
  for (const atom of sites) {
    for (const step of steps(from, to)) {
      const isNear = atom.parts.every((part, i) => {
        const at = part + step[i];
        return !lattice.periodic[i] || (at > -margin[i] - ON_BORDER && at < repeat[i] + margin[i] + ON_BORDER);
      });
      if (!isNear) continue;
      const image = moved(lattice, atom, step);
      if (!drawn.has(key(image.position))) found.push(image);
      if (found.length > 4 * MAX_DETAILED) return [];
    }
  }
  return found;
}

const key = (position) => position.map((one) => Math.round(one * 100)).join();

function bonded(scene, atoms, partners) {
  const all = [...atoms, ...partners];
  const isMetallic = scene.species.every((one) => one.isMetal);
  const near = neighbours(all, atoms.length);
  const nearest = all.map(() => Infinity);
  for (const [i, j, distance] of near) {
    nearest[i] = Math.min(nearest[i], distance);
    nearest[j] = Math.min(nearest[j], distance); // of an image: no less than it really is
  }
  const isBond = ([i, j, distance]) => {
    const [one, other] = [scene.species[all[i].kind], scene.species[all[j].kind]];
    if (isMetallic) return distance <= METAL_SHELL * Math.min(nearest[i], nearest[j]);
    return !(one.isMetal && other.isMetal) && distance <= one.radius + other.radius + BOND_SLACK;
  };
  const pairs = near.filter(isBond);
  const drawn = [...atoms];
  const joined = pairs.map(([i, j]) => {
    if (j < atoms.length) return [i, j];
    const middle = scale(add(all[i].position, all[j].position), 0.5);
    return [i, drawn.push({ ...all[i], position: middle, isStub: true }) - 1];
  });
  return { atoms: drawn, pairs: joined };
}

/** Pairs of a drawn atom and another one no further than a bond is long, over a grid of boxes. */
function neighbours(all, drawn) {
  const boxes = new Map();
  const box = (position) => position.map((one) => Math.floor(one / LONGEST));
  all.forEach((atom, i) => {
    const name = box(atom.position).join();
    if (!boxes.has(name)) boxes.set(name, []);
    boxes.get(name).push(i);
  });
  const found = [];
  for (let i = 0; i < drawn; i++) {
    const here = box(all[i].position);
    for (const step of steps([-1, -1, -1], [1, 1, 1])) {
      for (const j of boxes.get(add(here, step).join()) ?? []) {
        if (j <= i) continue;
        const distance = Math.hypot(...add(all[i].position, scale(all[j].position, -1)));
        if (distance > TOO_CLOSE && distance < LONGEST) found.push([i, j, distance]);
      }
    }
  }
  return found;
}

/** The lines of the cell, and of its repeated images: pairs of end points. */
export function cellLines(cell, repeat) {
  const lines = [];
  const times = repeat.map((one, i) => (cell.known[i] ? one : 0));
  cell.vectors.forEach((vector, i) => {
    if (!cell.known[i]) return;
    const to = times.map((one, j) => (j === i ? 0 : one));
    for (const step of steps([0, 0, 0], to)) {
      const start = cell.vectors.reduce((sum, one, j) => add(sum, scale(one, step[j])), [0, 0, 0]);
      lines.push([start, add(start, scale(vector, times[i]))]);
    }
  });
  return lines;
}
