// Shared sites as pies: a sphere in sectors, one for each element and one for the vacancy.

const STACKS = 12;
const SLICES = 28; // of a whole turn

/** Meshes by colour, for all atoms of mixed species: `{colour: {vertexArr, normalArr, faceArr}}`. */
export function pieMeshes(atoms, species, radiusOf) {
  const meshes = new Map();
  for (const atom of atoms) {
    let from = Math.PI / 6;
    for (const part of species[atom.kind].parts) {
      const to = from + 2 * Math.PI * part.part;
      if (!meshes.has(part.symbol)) meshes.set(part.symbol, { colour: part.colour, vertexArr: [], normalArr: [], faceArr: [] });
      addSector(meshes.get(part.symbol), atom.position, radiusOf(atom), from, to);
      from = to;
    }
  }
  return meshes;
}

function addSector(mesh, [x, y, z], radius, from, to) {
  const slices = Math.max(1, Math.ceil((SLICES * (to - from)) / (2 * Math.PI)));
  const first = mesh.vertexArr.length;
  for (let i = 0; i <= STACKS; i++) {
    const polar = (Math.PI * i) / STACKS;
    for (let j = 0; j <= slices; j++) {
      const turn = from + ((to - from) * j) / slices;
      const normal = { x: Math.sin(polar) * Math.cos(turn), y: Math.sin(polar) * Math.sin(turn), z: Math.cos(polar) };
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
