// Shared sites as pies: a sphere in sectors, one for each element and one for the vacancy.

const STACKS = 12;
const SLICES = 28; // of a whole turn

/** Meshes by symbol, for all atoms of mixed species; `axes` are right, up and towards the viewer. */
export function pieMeshes(atoms, species, { radiusOf, axes }) {
  const meshes = new Map();
  for (const atom of atoms) {
    let from = Math.PI / 6;
    for (const part of species[atom.kind].parts) {
      const to = from + 2 * Math.PI * part.part;
      if (!meshes.has(part.symbol)) meshes.set(part.symbol, { colour: part.colour, vertexArr: [], normalArr: [], faceArr: [] });
      addSector(meshes.get(part.symbol), { centre: atom.position, radius: radiusOf(atom), axes, from, to });
      from = to;
    }
  }
  return meshes;
}

function addSector(mesh, { centre: [x, y, z], radius, axes: [right, up, toward], from, to }) {
  const slices = Math.max(1, Math.ceil((SLICES * (to - from)) / (2 * Math.PI)));
  const first = mesh.vertexArr.length;
  for (let i = 0; i <= STACKS; i++) {
    const polar = (Math.PI * i) / STACKS;
    for (let j = 0; j <= slices; j++) {
      const turn = from + ((to - from) * j) / slices;
      const [u, v, w] = [Math.sin(polar) * Math.cos(turn), Math.sin(polar) * Math.sin(turn), Math.cos(polar)];
      const along = (i) => u * right[i] + v * up[i] + w * toward[i];
      const normal = { x: along(0), y: along(1), z: along(2) };
      mesh.normalArr.push(normal);
      mesh.vertexArr.push({ x: x + radius * normal.x, y: y + radius * normal.y, z: z + radius * normal.z });
    }
  }
  for (let i = 0; i < STACKS; i++) {
    for (let j = 0; j < slices; j++) {
      const [a, b] = [first + i * (slices + 1) + j, first + (i + 1) * (slices + 1) + j];
      mesh.faceArr.push(a, b, a + 1, a + 1, b, b + 1);
    }
  }
}
